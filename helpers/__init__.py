"""The helpers behind Proyecto_Final.ipynb; importing this package needs nothing but Python."""

from helpers.packages import check_packages as check_packages
