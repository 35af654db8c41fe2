"""When to serialise a product, and when not: what each way of tracking costs and saves, and what the law asks for."""
