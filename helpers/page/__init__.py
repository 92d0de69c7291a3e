"""What runs in the page without a kernel: a network to touch, and its training to watch."""

from helpers.page.playground import touch, watch

__all__ = ["touch", "watch"]
