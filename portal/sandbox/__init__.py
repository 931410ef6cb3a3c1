"""A phone and a mailbox for trying things out: real SMTP and Kannel's sendsms in, real receipts back, faults to order.

One process, nothing on disk. Nothing outside this package knows of it: the production channels are pointed at its ports
and run unchanged.
"""
