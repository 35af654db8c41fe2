"""From a camera to labels that are believed: everything that knows pictures, and nothing that knows the warehouse."""
