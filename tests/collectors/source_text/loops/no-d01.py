class Zones:
    def __init__(self, grid):
        self.grid = grid

    def at(self, place):
        for zone in self.grid[place.cell]:  # <- 0
            if zone.contains(place):
                return zone
        return None


def sort(zones, places):
    for place in places:
        place.zone = zones.at(place)  # <- 1
