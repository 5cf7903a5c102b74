#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

template <typename... Args>
class Signal {
public:
    using Slot = std::function<void(Args...)>;

    int connect(Slot slot) {
        slots_.push_back({++next_, std::move(slot)}); // <- made 15 <- cost
        return next_;
    }

    void disconnect(int id) {
        for (auto it = slots_.begin(); it != slots_.end(); ++it)
            if (it->id == id) {
                slots_.erase(it);
                return;
            }
    }

    void emit(Args... args) {
        auto copy = slots_;
        for (auto& s : copy) s.fn(args...);
    }

private:
    struct Entry {
        int id;
        Slot fn;
    };
    std::vector<Entry> slots_;
    int next_ = 0;
};

struct Theme {
    uint32_t fg = 0, bg = 0xffffff;
    Signal<const Theme&> changed;
};

struct Bitmap {
    int w, h;
    std::vector<uint32_t> px;
    Bitmap(int w_, int h_) : w(w_), h(h_), px(size_t(w_) * h_) {} // <- made 85
    void fill(uint32_t c) { px.assign(px.size(), c); }
};

class Label {
public:
    Label(Theme& theme, std::string text) : text_(std::move(text)), fg_(theme.fg) {
        auto surface = std::make_shared<Bitmap>(int(text_.size()) * 8, 16);
        surface_ = surface;
        theme.changed.connect([surface](const Theme& t) { surface->fill(t.bg); }); // <- cost
    }

    const std::string& text() const { return text_; }
    const Bitmap& surface() const { return *surface_; }

private:
    std::string text_;
    uint32_t fg_;
    std::shared_ptr<Bitmap> surface_;
};

class ListView {
public:
    explicit ListView(Theme& theme) : theme_(theme) {}

    void show(const std::vector<std::string>& rows) {
        rows_.clear();
        index_.clear();
        for (const auto& r : rows) {
            index_[r] = rows_.size();
            rows_.push_back(std::make_unique<Label>(theme_, r));
        }
    }

    const Label* find(const std::string& text) const {
        auto it = index_.find(text);
        return it == index_.end() ? nullptr : rows_[it->second].get();
    }

private:
    Theme& theme_;
    std::vector<std::unique_ptr<Label>> rows_;
    std::unordered_map<std::string, size_t> index_;
};
