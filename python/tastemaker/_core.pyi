"""Types of the compiled kernels (private)."""

class NumericalError(ArithmeticError): ...

# system
def available_simd_levels() -> list[str]: ...
def simd_level() -> str: ...
def set_simd_level(name: str) -> None: ...

# topn

# knn

# als

# eval
