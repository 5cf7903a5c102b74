// Link frontier of the site checker.
#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace sitecheck {

struct Page {
    std::string url;
    std::vector<std::string> hrefs;
};

static std::string normalise(std::string_view base, std::string_view href) {
    if (auto hash = href.find('#'); hash != std::string_view::npos)
        href = href.substr(0, hash);
    std::string out;
    if (href.rfind("http", 0) != 0) {
        out.assign(base);
        if (out.empty() || out.back() != '/') out.push_back('/');
    }
    out.append(href);
    while (out.size() > 1 && out.back() == '/') out.pop_back();
    return out;
}

class Frontier {
public:
    explicit Frontier(std::string base) : base_(std::move(base)) {}

    void absorb(const Page& page) {
        for (const auto& href : page.hrefs) {
            auto url = normalise(base_, href);
            if (std::find(urls_.begin(), urls_.end(), url) == urls_.end()) // <- cost hot 92
                urls_.push_back(std::move(url));
        }
    }

    bool next(std::string& out) {
        if (cursor_ == urls_.size()) return false;
        out = urls_[cursor_++];
        return true;
    }

    std::size_t discovered() const { return urls_.size(); }

private:
    std::string base_;
    std::vector<std::string> urls_;
    std::size_t cursor_ = 0;
};

std::size_t crawl(const std::vector<Page>& pages, Frontier& frontier) {
    for (const auto& page : pages)
        frontier.absorb(page);
    return frontier.discovered();
}

}  // namespace sitecheck
