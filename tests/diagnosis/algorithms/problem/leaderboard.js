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

  rankOf(player) {
    const ahead = [...this.players.values()].filter((p) => p.points > player.points); // <- cost hot 90
    return ahead.length + 1;
  }

  standings(minGames) {
    const rows = [];
    for (const player of this.players.values()) {
      if (player.games < minGames) continue;
      rows.push({ ...player, rank: this.rankOf(player) }); // <- cost hot 2
    }
    return rows.sort((a, b) => a.rank - b.rank);
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
