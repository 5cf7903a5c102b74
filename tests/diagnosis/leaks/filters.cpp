#include <cmath>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

class Filter {
public:
    ~Filter() = default; // <- cost
    virtual float process(float in) = 0;
    virtual void reset() {}
};

class Gain : public Filter {
public:
    explicit Gain(float g) : g_(g) {}
    float process(float in) override { return in * g_; }

private:
    float g_;
};

class Delay : public Filter {
public:
    Delay(float seconds, int rate) : line_(size_t(seconds * rate) + 1) {} // <- made 70
    float process(float in) override {
        float out = line_[at_];
        line_[at_] = in;
        at_ = (at_ + 1) % line_.size();
        return out;
    }
    void reset() override { line_.assign(line_.size(), 0.0f); }

private:
    std::vector<float> line_;
    size_t at_ = 0;
};

class Fir : public Filter {
public:
    Fir(float cutoff, int taps) : history_(taps) {
        for (int i = 0; i < taps; i++) {
            float x = float(i) - taps / 2.0f;
            coef_.push_back(x == 0 ? cutoff : std::sin(cutoff * x) / x); // <- made 30
        }
    }
    float process(float in) override {
        history_.insert(history_.begin(), in);
        history_.pop_back();
        float sum = 0;
        for (size_t i = 0; i < coef_.size(); i++) sum += coef_[i] * history_[i];
        return sum;
    }

private:
    std::vector<float> coef_;
    std::vector<float> history_;
};

class Chain {
public:
    void configure(const std::string& spec, int rate) {
        stages_.clear();
        for (char c : spec) stages_.push_back(make(c, rate));
        counts_[spec.substr(0, 1)]++;
    }

    void run(const std::vector<float>& in, std::vector<float>& out) {
        out.clear();
        out.reserve(in.size());
        for (float s : in) {
            for (auto& f : stages_) s = f->process(s);
            out.push_back(s);
        }
    }

private:
    static std::unique_ptr<Filter> make(char c, int rate) {
        switch (c) {
        case 'g': return std::make_unique<Gain>(0.5f);
        case 'd': return std::make_unique<Delay>(0.25f, rate);
        case 'f': return std::make_unique<Fir>(0.3f, 4096);
        }
        throw std::invalid_argument(std::string("unknown filter ") + c);
    }

    std::vector<std::unique_ptr<Filter>> stages_;
    std::map<std::string, int> counts_;
};
