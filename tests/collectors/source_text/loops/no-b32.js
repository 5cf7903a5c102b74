const total = inv => inv.items.reduce((s, it) => s + it.qty * it.price * (1 - (it.discount ?? 0)), 0); // <- 0

const withTax = (inv, rates) => {
  const net = total(inv); // <- 1
  return { ...inv, net, gross: net * (1 + (rates[inv.country] ?? 0)) };
};

export async function post(invoices, rates, gateway) {
  let sent = 0;
  let i = 0;
  while (i < invoices.length) {
    const body = withTax(invoices[i++], rates); // <- 2
    if (await gateway.send(body)) sent += 1;
  }
  return sent;
}
