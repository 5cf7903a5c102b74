const rankOf = (board, id) => 1 + board.filter(p => p.score > board.find(q => q.id === id).score).length; // <- 0

function decorate(board, player) {
  return {
    ...player,
    rank: rankOf(board, player.id), // <- 1
    badge: player.wins > 10 ? 'gold' : 'none',
  };
}

export function leaderboard(season) {
  const board = season.players ?? [];
  return Object.fromEntries(board.map(p => [p.id, decorate(board, p)])); // <- 2 outer
}
