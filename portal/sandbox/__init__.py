"""Phones, mailboxes and browsers for trying things out: real SMTP, Kannel's sendsms and Web Push in, real receipts
back, faults to order.

One process, nothing on disk. Nothing outside this package knows of it: the production channels are pointed at its ports
and run unchanged.
"""
