"""The operator's screen in a browser: what it shows, what it sends, and the server on 127.0.0.1 that serves it."""
