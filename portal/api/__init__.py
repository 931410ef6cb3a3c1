"""The partners' interface: its addresses, and whatever of it joins loans with what was told about them."""
