//! The two servers that are compared, each in a process of its own.

use jackfield_tests::Site;
use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
};

/// A server in a process of its own, ended with this.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
    site: Option<Site>,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// The host with so many plugins of fifty routes each.
    pub fn web(plugins: usize) -> Self {
        let site = Site::new();
        let mut text = "[log]\nfilter = \"info\"\n".to_owned();
        for number in 0..plugins {
            let id = format!("web-{number:04}");
            site.add_patched("web", &format!("lib{id}.so"), &[("web-0000", &id)]);
            text += &format!("[plugins.{id}]\nenabled = true\n");
        }
        std::fs::write(site.root().join("jackfield.toml"), text).expect("a fresh directory");
        let mut server = Self::host(&site);
        server.site = Some(site);
        server
    }

    /// The host as the site has it, once its plugins run.
    pub fn host(site: &Site) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jackfield-under-test"));
        command
            .args(["run", "--listen", "127.0.0.1:0"])
            .current_dir(site.root())
            .env_clear()
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the host is built");
        let log = child.stderr.take().expect("it is piped");
        let mut lines = BufReader::new(log).lines().map_while(Result::ok);
        let line = lines.find(|line| line.contains("://")).expect("it listens");
        let (_, address) = line.split_once("://").expect("it was found by that");
        let address = address.trim().parse().expect("an address");
        lines
            .find(|line| line.contains(" running") && line.contains(" in "))
            .expect("it starts");
        // Read on, so that it never waits for its log to be read.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            child,
            address,
            site: None,
        }
    }

    /// Asks it to end, and waits until it has.
    pub fn stop(mut self) {
        rustix::process::kill_process(
            rustix::process::Pid::from_child(&self.child),
            rustix::process::Signal::TERM,
        )
        .expect("it runs");
        let status = self.child.wait().expect("it is ours");
        assert!(status.success(), "it ended well: {status}");
    }

    /// Memory of it that is resident, in bytes.
    pub fn resident(&self) -> u64 {
        let path = format!("/proc/{}/statm", self.child.id());
        let text = std::fs::read_to_string(path).expect("it runs");
        let pages = text.split(' ').nth(1).and_then(|pages| pages.parse().ok());
        let pages: u64 = pages.expect("the second number of statm");
        pages * rustix::param::page_size() as u64
    }

    /// axum alone.
    pub fn axum() -> Self {
        let own = std::env::current_exe().expect("it runs from a file");
        let mut child = Command::new(own)
            .arg("--axum")
            .stdout(Stdio::piped())
            .spawn()
            .expect("it can run itself");
        let out = child.stdout.take().expect("it is piped");
        let mut line = String::new();
        BufReader::new(out)
            .read_line(&mut line)
            .expect("it says where");
        Self {
            child,
            address: line.trim().parse().expect("an address"),
            site: None,
        }
    }
}
