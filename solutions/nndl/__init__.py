"""Neural networks in numpy: what students write, and what their notebooks need."""
