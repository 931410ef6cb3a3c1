"""The demonstration: everything that `manage.py demo` starts, on one machine, with nothing to set up before."""
