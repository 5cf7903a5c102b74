#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

struct Rect {
    int x, y, w, h;
};

class Canvas {
public:
    Canvas(int w, int h) : w_(w), h_(h), px_(size_t(w) * h) {}

    std::vector<uint32_t> read(const Rect& r) const {
        std::vector<uint32_t> out(size_t(r.w) * r.h); // <- made 96
        for (int y = 0; y < r.h; y++)
            std::copy_n(&px_[size_t(r.y + y) * w_ + r.x], r.w, &out[size_t(y) * r.w]);
        return out;
    }

    void write(const Rect& r, const std::vector<uint32_t>& src) {
        for (int y = 0; y < r.h; y++)
            std::copy_n(&src[size_t(y) * r.w], r.w, &px_[size_t(r.y + y) * w_ + r.x]);
    }

    int width() const { return w_; }
    int height() const { return h_; }

private:
    int w_, h_;
    std::vector<uint32_t> px_;
};

class Command {
public:
    virtual ~Command() = default;
    virtual void apply(Canvas& c) = 0;
    virtual void revert(Canvas& c) = 0;
};

class Brush : public Command {
public:
    Brush(Rect r, uint32_t colour) : r_(r), colour_(colour) {}
    void apply(Canvas& c) override {
        before_ = c.read(r_);
        std::vector<uint32_t> flat(before_.size(), colour_);
        c.write(r_, flat);
    }
    void revert(Canvas& c) override { c.write(r_, before_); }

private:
    Rect r_;
    uint32_t colour_;
    std::vector<uint32_t> before_;
};

class Document {
public:
    Document(int w, int h) : canvas_(w, h) {}

    void stroke(const std::vector<std::pair<int, int>>& path, int size, uint32_t colour) {
        dirty_.clear();
        for (auto [x, y] : path) {
            Rect r{std::clamp(x, 0, canvas_.width() - size), std::clamp(y, 0, canvas_.height() - size), size, size};
            run(std::make_unique<Brush>(r, colour)); // <- made 4
            dirty_.push_back(r);
        }
    }

    bool undo() {
        if (at_ == 0) return false;
        history_[--at_]->revert(canvas_);
        return true;
    }

    bool redo() {
        if (at_ == history_.size()) return false;
        history_[at_++]->apply(canvas_);
        return true;
    }

private:
    void run(std::unique_ptr<Command> cmd) {
        cmd->apply(canvas_);
        history_.resize(at_);
        history_.push_back(std::move(cmd)); // <- cost
        at_ = history_.size();
    }

    Canvas canvas_;
    std::vector<std::unique_ptr<Command>> history_; // <- cost
    std::vector<Rect> dirty_;
    size_t at_ = 0;
};
