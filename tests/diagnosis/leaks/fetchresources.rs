use std::any::Any;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::rc::Rc;

pub type ResourceId = u32;

#[derive(Default)]
pub struct ResourceTable {
    index: BTreeMap<ResourceId, Rc<dyn Any>>, // <- cost
    next_rid: ResourceId,
}

impl ResourceTable {
    pub fn add<T: Any>(&mut self, resource: T) -> ResourceId {
        let rid = self.next_rid;
        self.next_rid += 1;
        self.index.insert(rid, Rc::new(resource)); // <- made 10 <- cost
        rid
    }

    pub fn get<T: Any>(&self, rid: ResourceId) -> io::Result<Rc<T>> {
        let any = self.index.get(&rid).cloned().ok_or_else(bad_resource)?;
        any.downcast::<T>().map_err(|_| bad_resource())
    }

    pub fn close(&mut self, rid: ResourceId) -> io::Result<()> {
        self.index.remove(&rid).map(drop).ok_or_else(bad_resource)
    }
}

fn bad_resource() -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, "Bad resource ID")
}

pub struct ResponseBody {
    reader: RefCell<BufReader<TcpStream>>,
    left: RefCell<usize>,
}

pub struct FetchResponse {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub rid: ResourceId,
}

pub struct OpState {
    pub resources: ResourceTable,
    pub allow: Vec<String>,
}

pub fn op_fetch(state: &mut OpState, host: &str, path: &str) -> io::Result<FetchResponse> {
    if !state.allow.iter().any(|a| a == host) {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, host.to_string()));
    }
    let mut stream = TcpStream::connect((host, 80))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;

    let mut reader = BufReader::with_capacity(64 * 1024, stream); // <- made 90
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
    let mut headers = Vec::new();
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_string()));
    }
    let length = headers.iter().find(|(n, _)| n == "content-length");
    let left = length.and_then(|(_, v)| v.parse().ok()).unwrap_or(0);
    let body = ResponseBody { reader: RefCell::new(reader), left: RefCell::new(left) };
    Ok(FetchResponse { status, headers, rid: state.resources.add(body) }) // <- cost
}

pub fn op_read(state: &mut OpState, rid: ResourceId, buf: &mut [u8]) -> io::Result<usize> {
    let body = state.resources.get::<ResponseBody>(rid)?;
    let mut left = body.left.borrow_mut();
    let want = buf.len().min(*left);
    let n = body.reader.borrow_mut().read(&mut buf[..want])?;
    *left -= n;
    if n == 0 {
        state.resources.close(rid)?;
    }
    Ok(n)
}

pub fn probe(state: &mut OpState, hosts: &[&str]) -> Vec<(String, u16)> {
    let mut report = Vec::with_capacity(hosts.len());
    for host in hosts {
        match op_fetch(state, host, "/healthz") {
            Ok(response) => report.push((host.to_string(), response.status)), // <- cost
            Err(_) => report.push((host.to_string(), 0)),
        }
    }
    report
}
