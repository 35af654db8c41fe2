"""What becomes of stock with time: its age, each product's stage of life, what spoils, and at what price it goes."""
