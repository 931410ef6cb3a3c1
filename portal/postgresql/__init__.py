"""Django's PostgreSQL, whose pooled connections are looked at before use without asking the server."""
