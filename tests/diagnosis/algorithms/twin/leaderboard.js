'use strict';

const fs = require('fs');
const readline = require('readline');

class Season {
  constructor(name) {
    this.name = name;
    this.players = new Map();
  }

  record(playerId, points) {
    const entry = this.players.get(playerId) ?? { id: playerId, points: 0, games: 0 };
    entry.points += points;
    entry.games += 1;
    this.players.set(playerId, entry);
  }

  ranking() {
    const ordered = [...this.players.values()].sort((a, b) => b.points - a.points); // <- hot 48
    const ranks = new Map();
    ordered.forEach((p, i) => {
      const tied = i > 0 && ordered[i - 1].points === p.points;
      ranks.set(p.id, tied ? ranks.get(ordered[i - 1].id) : i + 1); // <- hot 18
    });
    return ranks;
  }

  standings(minGames) {
    const rows = [];
    const ranks = this.ranking();
    for (const player of this.players.values()) {
      if (player.games < minGames) continue;
      rows.push({ ...player, rank: ranks.get(player.id) }); // <- hot 14
    }
    return rows.sort((a, b) => a.rank - b.rank); // <- hot 12
  }
}

async function loadSeason(name, file) {
  const season = new Season(name);
  const lines = readline.createInterface({ input: fs.createReadStream(file) });
  for await (const line of lines) {
    const [, playerId, points] = line.split(';');
    season.record(playerId, Number(points));
  }
  return season;
}

async function publish(name, file, target) {
  const season = await loadSeason(name, file);
  const rows = season.standings(5);
  await fs.promises.writeFile(target, JSON.stringify({ season: name, rows }));
  return rows.length;
}

module.exports = { Season, publish };
