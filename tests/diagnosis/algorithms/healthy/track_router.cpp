#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <queue>
#include <unordered_map>
#include <vector>

namespace pf {

enum Dir : uint8_t { NE, SE, SW, NW, DIR_END };

struct TileMap {
	int width, height;
	std::vector<uint8_t> track;  // bit per direction
	std::vector<uint8_t> slope;

	bool Leads(int tile, Dir d) const { return track[tile] >> d & 1; }
};

struct NodeKey {
	int tile;
	Dir dir;

	uint32_t Pack() const { return uint32_t(tile) << 2 | dir; }
};

struct OpenNode {
	int estimate;
	int cost;
	NodeKey key;

	bool operator>(const OpenNode &o) const { return estimate > o.estimate; }
};

class TrackRouter {
public:
	explicit TrackRouter(const TileMap &map) : map(map) {}

	int FindCost(NodeKey origin, int destination)
	{
		best.clear();
		open = {};
		Relax({0, 0, origin}, 0, destination);
		while (!open.empty()) {
			OpenNode n = open.top();
			open.pop(); // <- hot 29
			if (n.key.tile == destination) return n.cost;
			if (n.cost > best[n.key.Pack()]) continue; // <- hot 14
			Follow(n, destination);
		}
		return -1;
	}

private:
	void Follow(const OpenNode &n, int destination)
	{
		const int offset[DIR_END] = {-1, map.width, 1, -map.width};
		for (uint8_t d = 0; d < DIR_END; d++) {
			if ((d ^ n.key.dir) == 2 || !map.Leads(n.key.tile, Dir(d))) continue;
			int tile = n.key.tile + offset[d];
			if (tile < 0 || tile >= int(map.track.size())) continue;
			int step = 100 + (d != n.key.dir ? 50 : 0) + 20 * map.slope[tile];
			Relax({0, 0, {tile, Dir(d)}}, n.cost + step, destination);
		}
	}

	void Relax(OpenNode n, int cost, int destination)
	{
		auto [it, fresh] = best.try_emplace(n.key.Pack(), cost); // <- hot 27
		if (!fresh && it->second <= cost) return;
		it->second = cost;
		n.cost = cost;
		n.estimate = cost + 100 * (std::abs(n.key.tile % map.width - destination % map.width) +
				std::abs(n.key.tile / map.width - destination / map.width));
		open.push(n); // <- hot 17
	}

	const TileMap &map;
	std::unordered_map<uint32_t, int> best;
	std::priority_queue<OpenNode, std::vector<OpenNode>, std::greater<>> open;
};

} // namespace pf
