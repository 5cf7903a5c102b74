class Dispatcher {
  constructor(fleet, log) {
    this.state = { fleet, trips: [] };
    this.log = log;
  }

  get drivers() {
    return this.state.fleet.roster.drivers;
  }

  driverFor(badge) {
    let hit = null;
    let i = 0;
    while (hit === null && i < this.drivers.length) {
      if (this.drivers[i].badge.code === badge) hit = this.drivers[i]; // <- 0
      i++;
    }
    return hit;
  }

  label(scan) {
    const d = this.driverFor(scan.badge); // <- 1
    return d ? `${d.name} @ ${scan.gate}` : `unknown @ ${scan.gate}`;
  }

  async report(stream) {
    const out = [];
    for await (const scan of stream) { // <- outer
      out.push(this.label(scan)); // <- 2
    }
    await this.log.write(out.join('\n'));
  }
}

module.exports = { Dispatcher };
