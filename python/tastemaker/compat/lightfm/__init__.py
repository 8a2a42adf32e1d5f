"""The API of LightFM 1.17 over tastemaker's models: ``from tastemaker.compat.lightfm import LightFM``.

Names, signatures, defaults, shapes and attributes are LightFM's. ``docs/move-from-lightfm.md`` lists what differs on
purpose, with the reasons.
"""

from tastemaker.compat.lightfm.lightfm import LightFM, from_lightfm

__version__ = "1.17"

__all__ = ["LightFM", "__version__", "from_lightfm"]
