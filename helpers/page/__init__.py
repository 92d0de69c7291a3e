"""What runs in the page without a kernel: a mirror, a network to touch, its training to watch."""

from helpers.page.playground import touch, watch
from helpers.page.pocket import save
from helpers.page.reflection import mirror

__all__ = ["mirror", "save", "touch", "watch"]
