// Sparse voxel world: chunks addressed by their integer coordinates.
#include <array>
#include <cstdint>
#include <cstddef>
#include <memory>
#include <unordered_map>

struct ChunkPos {
    int x, y, z;
    bool operator==(const ChunkPos&) const = default;
};

struct ChunkPosHash {
    std::size_t operator()(const ChunkPos& p) const noexcept {
        return static_cast<std::size_t>(p.x + p.y + p.z); // <- cost
    }
};

struct Chunk {
    static constexpr int kSide = 16;
    std::array<std::uint8_t, kSide * kSide * kSide> blocks{};
};

class World {
public:
    std::uint8_t block(int x, int y, int z) const {
        const auto it = chunks_.find(chunkOf(x, y, z)); // <- cost hot 89
        return it == chunks_.end() ? 0 : it->second->blocks[slot(x, y, z)];
    }

    void setBlock(int x, int y, int z, std::uint8_t kind) {
        auto& chunk = chunks_[chunkOf(x, y, z)];
        if (!chunk) chunk = std::make_unique<Chunk>();
        chunk->blocks[slot(x, y, z)] = kind;
    }

    int exposedFaces(int x, int y, int z) const {
        return !block(x + 1, y, z) + !block(x - 1, y, z) + !block(x, y + 1, z) +
               !block(x, y - 1, z) + !block(x, y, z + 1) + !block(x, y, z - 1);
    }

private:
    static int down(int v) { return v >> 4; }
    static ChunkPos chunkOf(int x, int y, int z) { return {down(x), down(y), down(z)}; }
    static std::size_t slot(int x, int y, int z) {
        return static_cast<std::size_t>(((y & 15) << 8) | ((z & 15) << 4) | (x & 15));
    }

    std::unordered_map<ChunkPos, std::unique_ptr<Chunk>, ChunkPosHash> chunks_;
};
