import re


class Site:
    def __init__(self):
        self.pages = []

    def slug_for(self, title):
        base = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
        slug, n = base, 2
        while any(p.slug == slug for p in self.pages):  # <- 0
            slug = f"{base}-{n}"
            n += 1
        return slug

    def add(self, title, body):
        page = Page(self.slug_for(title), title, body)  # <- 1
        self.pages.append(page)
        return page

    def import_posts(self, posts):
        for post in posts:  # <- outer
            page = self.add(post["title"], post["content"])  # <- 2
            page.date = post.get("date")
