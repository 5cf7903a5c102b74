"""A small bookshop on the web: search, product pages, quotes, a sales report. It is slow, in several places."""
