"""What a handheld and the server must agree on: events, actions, the protocol and labels.

Pure: no Flask, no SQLAlchemy, no OpenCV, no zxing-cpp, no file, no socket, no clock.
"""
