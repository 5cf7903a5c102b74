// expect: pattern=small-io bench
//
// Dust forecast of the sirocco: carries the dust over the sea with the wind of each step, and writes every step as a
// file of points (column, row, micrograms a cubic metre) that the map server picks up. A step of the ensemble is due
// every 160 ms.
//
// Measured: CPU 0.30-0.34 cores with the problem, 0.04 in the twin, for the same files a second.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

namespace {

constexpr int kColumns = 260;
constexpr int kRows = 190;
constexpr int kFiles = 6;
constexpr double kCellKm = 9.0;
constexpr double kStepHours = 0.5;
constexpr double kSettling = 0.012;
constexpr double kShown = 1.0;
constexpr auto kPeriod = std::chrono::milliseconds(160);

struct Wind {
    double east, north;  // km/h
};

class DustField {
public:
    DustField() : dust_(kColumns * kRows, 5.0), next_(kColumns * kRows) {}

    double at(int column, int row) const { return dust_[row * kColumns + column]; }

    // Sources at the southern edge: the dry lakes, by turns.
    void raise(long step) {
        for (int source = 0; source < 5; ++source) {
            const int centre = 25 + source * 50 + static_cast<int>(step % 17);
            const double strength = 60 + 50 * std::sin(0.21 * static_cast<double>(step) + source);
            for (int row = 0; row < 10; ++row)
                for (int column = std::max(0, centre - 9); column < std::min(kColumns, centre + 10); ++column)
                    dust_[row * kColumns + column] += strength / (1 + std::abs(column - centre));
        }
    }

    void carry(const Wind& wind) {
        const double shift_x = wind.east * kStepHours / kCellKm, shift_y = wind.north * kStepHours / kCellKm;
        for (int row = 0; row < kRows; ++row) {
            const double y = std::clamp(row - shift_y, 0.0, kRows - 1.001);
            const int below = static_cast<int>(y);
            const double up = y - below;
            for (int column = 0; column < kColumns; ++column) {
                const double x = std::clamp(column - shift_x, 0.0, kColumns - 1.001);
                const int left = static_cast<int>(x);
                const double right = x - left;
                const double* cell = &dust_[below * kColumns + left];
                const double low = cell[0] * (1 - right) + cell[1] * right;
                const double high = cell[kColumns] * (1 - right) + cell[kColumns + 1] * right;
                next_[row * kColumns + column] = (low * (1 - up) + high * up) * (1 - kSettling) + 0.06;
            }
        }
        dust_.swap(next_);
    }

    double total() const {
        double sum = 0;
        for (double cell : dust_) sum += cell;
        return sum;
    }

    double worst() const { return *std::max_element(dust_.begin(), dust_.end()); }

private:
    std::vector<double> dust_, next_;
};

Wind wind_of(long step) {
    const double turn = 0.05 * static_cast<double>(step);
    return {22 + 14 * std::sin(turn), 34 + 10 * std::cos(1.7 * turn)};
}

class StepWriter {
public:
    void write(const DustField& field, long step) {
        const std::string name = "dust_" + std::to_string(step % kFiles) + ".pts";
        std::ofstream out(name + ".new", std::ios::trunc);
        if (!out) throw std::runtime_error("cannot write " + name);
        out << "step " << step << " cells " << kColumns << ' ' << kRows << '\n';
        long points = 0;
        for (int row = 0; row < kRows; ++row) {  // <- cost
            for (int column = 0; column < kColumns; ++column) {  // <- cost
                const double dust = field.at(column, row);
                if (dust < kShown) continue;
                out << column << ' ' << row << ' ' << std::lround(dust) << std::endl;  // <- cost
                ++points;
            }
        }
        out << "points " << points << '\n';
        out.close();
        if (!out || std::rename((name + ".new").c_str(), name.c_str()) != 0)
            throw std::runtime_error("cannot finish " + name);
        points_ += points;
    }

    long points() const { return points_; }

private:
    long points_ = 0;
};

// Warnings for the ports: the worst dust within a box of cells around each.
struct Port {
    const char* name;
    int column, row;
};

constexpr Port kPorts[] = {{"Valletta", 120, 70}, {"Trapani", 90, 105}, {"Cagliari", 55, 130},
                           {"Pylos", 220, 95},    {"Chania", 245, 70},  {"Bari", 170, 150}};

std::string warnings(const DustField& field) {
    std::string text;
    for (const auto& port : kPorts) {
        double worst = 0;
        for (int row = port.row - 4; row <= port.row + 4; ++row)
            for (int column = port.column - 4; column <= port.column + 4; ++column)
                worst = std::max(worst, field.at(column, row));
        text += port.name;
        text += worst > 180 ? ": severe\n" : worst > 60 ? ": dusty\n" : ": clear\n";
    }
    return text;
}

}  // namespace

int main() {
    DustField field;
    StepWriter writer;
    auto due = std::chrono::steady_clock::now();
    for (long step = 0;; ++step) {
        field.raise(step);
        field.carry(wind_of(step));
        writer.write(field, step);  // <- cost
        if (step % 12 == 0) {
            std::ofstream("warnings.txt", std::ios::trunc)
                << warnings(field) << "total " << std::lround(field.total()) << " worst " << std::lround(field.worst())
                << " points " << writer.points() << '\n';
        }
        if (step == 3) {
            std::printf("ready %d\n", static_cast<int>(getpid()));
            std::fflush(stdout);
        }
        due = std::max(due + kPeriod, std::chrono::steady_clock::now() - kPeriod);
        std::this_thread::sleep_until(due);
    }
}
