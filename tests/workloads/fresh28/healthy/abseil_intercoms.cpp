// expect: healthy bench

// The mixer behind the helmet intercoms of rope access teams: each team is a conference of up to ten helmets that send
// and get G.711 mu-law at 8 kHz in packets of 20 ms. Every 20 ms each helmet gets the sum of the others of its team.
// Busy all the time, one thread; the audio comes from loops recorded at the start.
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <random>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kTeams = 2500;
constexpr int kHelmets = 10;
constexpr int kSamples = 160;
constexpr int kLoopPackets = 50;
constexpr int kVoices = 24;
constexpr auto kTick = std::chrono::milliseconds(20);

using Packet = std::array<uint8_t, kSamples>;
using Linear = std::array<int16_t, kSamples>;

uint8_t compress(int sample) {
    int sign = sample < 0 ? 0x80 : 0;
    int magnitude = std::min(std::abs(sample), 32635) + 132;
    int exponent = 7;
    for (int mask = 0x4000; exponent > 0 && !(magnitude & mask); mask >>= 1) --exponent;
    int mantissa = (magnitude >> (exponent + 3)) & 0x0f;
    return static_cast<uint8_t>(~(sign | exponent << 4 | mantissa));
}

int16_t expand(uint8_t code) {
    code = static_cast<uint8_t>(~code);
    int magnitude = (((code & 0x0f) << 3) + 132) << ((code >> 4) & 7);
    return static_cast<int16_t>(code & 0x80 ? 132 - magnitude : magnitude - 132);
}

// Both directions of mu-law as tables; the compressor drops the two lowest bits, which it has no codes for.
struct Law {
    std::array<int16_t, 256> linear;
    std::array<uint8_t, 16384> code;

    Law() {
        for (int i = 0; i < 256; ++i) linear[i] = expand(static_cast<uint8_t>(i));
        for (int i = 0; i < 16384; ++i) code[i] = compress((i - 8192) * 4);
    }
};

using Loop = std::vector<Packet>;

std::vector<Loop> record_voices() {
    std::mt19937 random(3);
    std::normal_distribution<double> noise(0, 40);
    std::vector<Loop> voices(kVoices, Loop(kLoopPackets));
    for (int v = 0; v < kVoices; ++v) {
        double pitch = 95 + 9 * v;
        for (int p = 0; p < kLoopPackets; ++p) {
            bool talks = (p / 10 + v) % 3 == 0;
            for (int s = 0; s < kSamples; ++s) {
                double at = (p * kSamples + s) / 8000.0;
                double sample = noise(random);
                if (talks) sample += 3000 * std::sin(6.28318 * pitch * at) + 1200 * std::sin(6.28318 * 3 * pitch * at);
                voices[v][p][s] = compress(static_cast<int>(sample));
            }
        }
    }
    return voices;
}

struct Helmet {
    const Loop* microphone;
    int at;
    Packet ear;
};

struct Team {
    std::array<Helmet, kHelmets> helmets;
    int present;
};

void mix(Team& team, const Law& law) {
    std::array<Linear, kHelmets> spoken;
    std::array<int32_t, kSamples> sum{};
    for (int h = 0; h < team.present; ++h) {
        Helmet& helmet = team.helmets[h];
        const Packet& packet = (*helmet.microphone)[helmet.at];
        helmet.at = helmet.at + 1 == kLoopPackets ? 0 : helmet.at + 1;
        Linear& linear = spoken[h];
        for (int s = 0; s < kSamples; ++s) linear[s] = law.linear[packet[s]];
        for (int s = 0; s < kSamples; ++s) sum[s] += linear[s];
    }
    for (int h = 0; h < team.present; ++h) {
        Helmet& helmet = team.helmets[h];
        const Linear& own = spoken[h];
        for (int s = 0; s < kSamples; ++s) {
            int32_t others = std::clamp(sum[s] - own[s], -32768, 32767);
            helmet.ear[s] = law.code[static_cast<size_t>((others >> 2) + 8192)];
        }
    }
}

}  // namespace

int main() {
    const Law law;
    const std::vector<Loop> voices = record_voices();
    std::mt19937 random(8);
    std::vector<Team> teams(kTeams);
    for (Team& team : teams) {
        team.present = 4 + static_cast<int>(random() % (kHelmets - 3));
        for (Helmet& helmet : team.helmets) {
            helmet.microphone = &voices[random() % kVoices];
            helmet.at = static_cast<int>(random() % kLoopPackets);
            helmet.ear.fill(0xff);
        }
    }

    std::printf("ready %d\n", static_cast<int>(getpid()));
    std::fflush(stdout);

    long late = 0;
    auto due = Clock::now();
    for (long tick = 1;; ++tick) {
        for (Team& team : teams) mix(team, law);
        due += kTick;
        if (Clock::now() > due + kTick) {
            ++late;
            due = Clock::now();
        }
        if (tick % 3000 == 0) std::fprintf(stderr, "ticks %ld, late %ld\n", tick, late);
        std::this_thread::sleep_until(due);
    }
}
