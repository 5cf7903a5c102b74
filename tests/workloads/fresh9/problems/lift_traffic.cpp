// expect: pattern=hot-loop bench
// Simulates the lifts of a tower in the morning, to find out how many cars a new building needs: people come, wait, ride
// and get out, second by second; several fleets are tried, one after the other.
// Measured: a second of the simulation takes 100 µs, nearly all of it for those who wait; 1.8 µs in the twin, with the
// same figures.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <random>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

constexpr int kFloors = 72;
constexpr int kLobby = 4;  // entrances: two streets, the garage, the underground
constexpr size_t kRoom = 21;
constexpr size_t kMostWaiting = 7000;

volatile std::sig_atomic_t ended = 0;

enum class Way : int8_t { kDown = -1, kUp = 1 };

struct Passenger {
  int from, to;
  int64_t came;
  uint32_t badge;
  bool pram;

  Way way() const { return to > from ? Way::kUp : Way::kDown; }
};

struct Car {
  int floor = 0;
  int pause = 0;
  Way way = Way::kUp;
  std::vector<Passenger> inside;

  bool full() const { return inside.size() >= kRoom; }
};

// Those who wait, in the order in which they came.
class Landing {
 public:
  size_t size() const { return waiting_.size(); }

  void join(const Passenger& passenger) { waiting_.push_back(passenger); }

  bool called(int floor, Way way) const {
    return std::any_of(waiting_.begin(), waiting_.end(),  // <- cost
                       [=](const Passenger& each) { return each.from == floor && each.way() == way; });  // <- cost
  }

  // Lets people in as long as there is room; a pram takes a place of its own, and goes in only if half is free.
  int board(Car& car) {
    int boarded = 0;
    for (auto each = waiting_.begin(); each != waiting_.end() && !car.full();) {  // <- cost
      bool fits = each->from == car.floor && each->way() == car.way && (!each->pram || car.inside.size() < kRoom / 2);
      if (!fits) {
        ++each;
        continue;
      }
      car.inside.push_back(*each);
      each = waiting_.erase(each);  // <- cost
      ++boarded;
    }
    return boarded;
  }

 private:
  std::vector<Passenger> waiting_;  // <- cost
};

struct Figures {
  int64_t carried = 0, waited = 0, longest = 0, stops = 0;
};

class Tower {
 public:
  Tower(int cars, uint32_t seed) : cars_(cars), dice_(seed) {
    for (int number = 0; number < cars; ++number) cars_[number].floor = number * kFloors / cars;
  }

  void second() {
    ++now_;
    arrive();
    for (Car& car : cars_) move(car);  // <- cost
  }

  const Figures& figures() const { return figures_; }

 private:
  void arrive() {
    for (int count = static_cast<int>(dice_() % 17); count > 0 && landing_.size() < kMostWaiting; --count) {
      bool comes = dice_() % 10 < 7;
      int lobby = static_cast<int>(dice_() % kLobby);
      int office = kLobby + static_cast<int>(dice_() % (kFloors - kLobby));
      int other = kLobby + static_cast<int>(dice_() % (kFloors - kLobby));
      Passenger next{comes ? lobby : office, comes ? office : (other == office ? lobby : other), now_,
                     static_cast<uint32_t>(dice_()), dice_() % 60 == 0};
      landing_.join(next);
    }
  }

  // Whether there is a reason to go on as before: somebody inside wants it, or somebody waits further on.
  bool wanted(const Car& car) const {
    int step = static_cast<int>(car.way);
    for (const Passenger& each : car.inside) {
      if ((each.to - car.floor) * step > 0) return true;
    }
    for (int floor = car.floor + step; floor >= 0 && floor < kFloors; floor += step) {
      if (landing_.called(floor, Way::kUp) || landing_.called(floor, Way::kDown)) return true;  // <- cost
    }
    return false;
  }

  int leave(Car& car) {
    auto stay = std::partition(car.inside.begin(), car.inside.end(),
                               [&](const Passenger& each) { return each.to != car.floor; });
    int left = static_cast<int>(car.inside.end() - stay);
    for (auto each = stay; each != car.inside.end(); ++each) {
      int64_t took = now_ - each->came;
      figures_.waited += took;
      figures_.longest = std::max(figures_.longest, took);
    }
    figures_.carried += left;
    car.inside.erase(stay, car.inside.end());
    return left;
  }

  void move(Car& car) {
    if (car.pause > 0) {
      --car.pause;
      return;
    }
    int changed = leave(car);
    if (!wanted(car)) car.way = car.way == Way::kUp ? Way::kDown : Way::kUp;  // <- cost
    if (!car.full() && landing_.called(car.floor, car.way)) changed += landing_.board(car);  // <- cost
    if (changed > 0) {
      car.pause = 2 + changed / 4;
      ++figures_.stops;
      return;
    }
    car.floor = std::clamp(car.floor + static_cast<int>(car.way), 0, kFloors - 1);
  }

  std::vector<Car> cars_;
  Landing landing_;
  Figures figures_;
  std::mt19937 dice_;
  int64_t now_ = 0;
};

void report(int cars, const Figures& figures) {
  std::FILE* file = std::fopen("fleets.txt", "a");
  if (!file) return;
  double mean = figures.carried ? static_cast<double>(figures.waited) / static_cast<double>(figures.carried) : 0;
  std::fprintf(file, "%d cars: %lld carried, %.1f s on average, %lld s at most, %lld stops\n", cars,
               static_cast<long long>(figures.carried), mean, static_cast<long long>(figures.longest),
               static_cast<long long>(figures.stops));
  std::fclose(file);
}

}  // namespace

int main() {
  std::signal(SIGTERM, [](int) { ended = 1; });
  std::printf("ready %d\n", static_cast<int>(getpid()));
  std::fflush(stdout);
  for (uint32_t run = 0; !ended; ++run) {
    int cars = 20 + static_cast<int>(run % 4) * 2;
    Tower tower(cars, 100 + run);
    // Some hours, in step with the drawing of the animation: so many seconds of it for each picture
    auto due = std::chrono::steady_clock::now();
    for (int picture = 0; picture < 400 && !ended; ++picture) {
      for (int second = 0; second < 70; ++second) tower.second();  // <- cost
      due += std::chrono::milliseconds(20);
      std::this_thread::sleep_until(due);
    }
    report(cars, tower.figures());
  }
}
