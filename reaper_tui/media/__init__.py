"""Files on their way from one CDN to the other."""
