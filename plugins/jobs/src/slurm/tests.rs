use super::*;
use crate::{
    job::Status,
    scene::{DEADLINE, Scene, command, refused, script},
    spec::Spec,
};
use std::{
    fmt::Write as _,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

fn slurm_at(root: &Path, path: &str) -> Slurm {
    let mut env = BTreeMap::from([("PATH".to_owned(), path.to_owned())]);
    let conf = root.join("slurm.conf");
    env.insert("SLURM_CONF".to_owned(), conf.display().to_string());
    let settings = Settings {
        env,
        options: Vec::new(),
        directory: root.join("output"),
        output: 1000,
        cancel_on_stop: true,
    };
    Slurm::new(settings).unwrap()
}

/// A file to execute. Another process writes it: were it open here, a process that another test starts
/// could inherit it for a moment, and what is open for writing is not executed.
fn executable(path: &Path, text: &str) {
    let source = path.with_extension("text");
    fs::write(&source, text).unwrap();
    let mut install = Command::new("install");
    let installed = install.args(["-m", "755"]).args([&source, path]).status();
    assert!(installed.unwrap().success());
}

/// Commands that note their arguments and print what a test says, by name and script.
fn played(commands: &[(&str, &str)]) -> (TempDir, Slurm) {
    let dir = TempDir::with_prefix("slurm-").unwrap();
    for (name, script) in commands {
        let path = dir.path().join(name);
        let noted = dir.path().join("noted");
        let text = format!(
            "#!/bin/sh\nprintf '{name}' >> {0}\nprintf ' [%s]' \"$@\" >> {0}\necho >> {0}\n{script}\n",
            noted.display()
        );
        executable(&path, &text);
    }
    let path = format!("{}:{PATH}", dir.path().display());
    let slurm = slurm_at(dir.path(), &path);
    (dir, slurm)
}

fn noted(dir: &TempDir) -> Vec<String> {
    let text = fs::read_to_string(dir.path().join("noted")).unwrap();
    let root = dir.path().display().to_string();
    text.lines()
        .map(|line| line.replace(&root, "ROOT"))
        .collect()
}

#[test]
fn what_is_asked_for_becomes_arguments_and_no_more() {
    let sbatch = "d=${0%/*}; cat \"$d/output/job-0.script\" > \"$d/script\"\n\
                  cat \"$d/output/job-0.env\" > \"$d/env\"; echo 7";
    let (dir, slurm) = played(&[("sbatch", sbatch)]);
    let scene = Scene::new();
    let mut spec = command(&["echo", "$(id)", "--wrap", "a b"]);
    spec.env.insert("A".to_owned(), "x,y; $(id)".to_owned());
    spec.wall = Duration::from_secs(61);
    let job = scene.job("a", spec);
    slurm.submit(&job).unwrap();
    assert_eq!(
        noted(&dir),
        [
            "sbatch [--parsable] [--no-requeue] [--job-name=test] [--chdir=/] [--time=2] \
          [--output=ROOT/output/job-0.out] [--error=ROOT/output/job-0.err] \
          [--export-file=ROOT/output/job-0.env] [ROOT/output/job-0.script] \
          [echo] [$(id)] [--wrap] [a b]"
        ]
    );
    let read = |name| fs::read_to_string(dir.path().join(name)).unwrap();
    assert_eq!(read("script"), "#!/bin/sh\nexec \"$@\"\n");
    assert_eq!(read("env"), "A=x,y; $(id)\0PATH=/usr/bin:/bin\0");
    // Neither lies there any more.
    assert_eq!(fs::read_dir(dir.path().join("output")).unwrap().count(), 0);
}

#[test]
fn a_job_that_is_refused_is_told_with_what_slurm_says() {
    let (dir, slurm) = played(&[(
        "sbatch",
        "echo 'sbatch: error: no such partition' >&2; exit 1",
    )]);
    let scene = Scene::new();
    let job = || scene.job("a", command(&["true"]));
    assert_eq!(
        refused(slurm.submit(&job())),
        (502, "sbatch: sbatch: error: no such partition".to_owned())
    );
    let slurm = slurm_at(dir.path(), "/none");
    assert_eq!(
        refused(slurm.submit(&job())),
        (
            502,
            "sbatch: the program was not started: No such file or directory (os error 2)"
                .to_owned()
        )
    );
}

#[test]
fn who_is_not_in_the_queue_is_looked_up_in_the_accounts() {
    let (dir, slurm) = played(&[
        ("sbatch", "echo $(( $(grep -c ^sbatch ${0%/*}/noted) + 6 ))"),
        ("squeue", "echo '7|RUNNING|0|'"),
        ("sacct", "echo '8|FAILED|3:0'"),
    ]);
    let scene = Scene::new();
    let [runs, ended] = [(); 2].map(|()| {
        let job = scene.job("a", command(&["true"]));
        slurm.submit(&job).unwrap();
        job
    });
    slurm.poll();
    scene.hears(&runs, State::Running);
    assert_eq!(scene.hears(&ended, State::Failed).ended.exit_code, Some(3));
    assert_eq!(
        noted(&dir)[2..],
        [
            "squeue [--noheader] [--states=all] [--jobs=7,8] [--Format=JobID:|,State:|,exit_code:|]",
            "sacct [--noheader] [--parsable2] [--allocations] [--jobs=8] \
             [--format=JobIDRaw,State,ExitCode]",
        ]
    );
    // The one that has ended is not asked after again.
    slurm.poll();
    assert_eq!(noted(&dir).len(), 5);
    scene.hears_nothing();
}

#[test]
fn a_job_that_nobody_knows_is_lost_after_some_time() {
    let (_dir, slurm) = played(&[
        ("sbatch", "echo 7"),
        (
            "squeue",
            "echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1",
        ),
        (
            "sacct",
            "echo 'Slurm accounting storage is disabled' >&2; exit 1",
        ),
    ]);
    let scene = Scene::new();
    let job = scene.job("a", command(&["true"]));
    slurm.submit(&job).unwrap();
    for _ in 1..MOST_MISSES {
        slurm.poll();
        scene.hears_nothing();
    }
    slurm.poll();
    let status = scene.hears(&job, State::Failed);
    assert_eq!(
        status.error.as_deref(),
        Some("squeue: job 7 is not known any more")
    );
}

#[test]
fn accounts_that_are_away_hold_up_nobody_and_lose_no_job() {
    let (_dir, slurm) = played(&[
        ("sbatch", "echo $(( $(grep -c ^sbatch ${0%/*}/noted) + 6 ))"),
        ("squeue", "echo '7|COMPLETED|0|'"),
        (
            "sacct",
            "echo 'sacct: error: slurmdbd: Connection refused' >&2; exit 1",
        ),
    ]);
    let scene = Scene::new();
    let [ended, gone] = [(); 2].map(|()| {
        let job = scene.job("a", command(&["true"]));
        slurm.submit(&job).unwrap();
        job
    });
    slurm.poll();
    scene.hears(&ended, State::Completed);
    for _ in 0..=MOST_MISSES {
        slurm.poll();
    }
    assert_eq!(gone.state(), State::Queued);
    scene.hears_nothing();
}

#[test]
fn without_a_program_for_accounts_there_are_none() {
    let (dir, slurm) = played(&[]);
    drop(slurm);
    let path = dir.path().display().to_string();
    let slurm = slurm_at(dir.path(), &path);
    assert_eq!(slurm.commands.sacct(&[7]).unwrap(), []);
}

#[test]
fn a_cancel_while_slurm_takes_the_job_cancels_it_then() {
    let (dir, slurm) = played(&[
        ("sbatch", "cd ${0%/*}; echo > began; read line < go; echo 7"),
        ("squeue", "echo '7|CANCELLED|0|'"),
        ("scancel", ""),
    ]);
    let pipes = ["began", "go"].map(|name| dir.path().join(name));
    let made = Command::new("mkfifo").args(&pipes).status();
    assert!(made.unwrap().success());
    let scene = Scene::new();
    let job = scene.job("a", command(&["true"]));
    std::thread::scope(|scope| {
        let submitted = scope.spawn(|| slurm.submit(&job));
        assert_eq!(fs::read(&pipes[0]).unwrap(), b"\n");
        slurm.cancel(&job).unwrap();
        fs::write(&pipes[1], "\n").unwrap();
        submitted.join().unwrap().unwrap();
    });
    assert_eq!(noted(&dir)[1..], ["scancel [7]"]);
    slurm.poll();
    scene.hears(&job, State::Cancelled);
}

#[test]
fn a_controller_that_is_away_loses_no_job() {
    let (_dir, slurm) = played(&[
        ("sbatch", "echo 7"),
        (
            "squeue",
            "echo 'Unable to contact slurm controller' >&2; exit 1",
        ),
    ]);
    let scene = Scene::new();
    let job = scene.job("a", command(&["true"]));
    slurm.submit(&job).unwrap();
    for _ in 0..=MOST_MISSES {
        slurm.poll();
    }
    assert_eq!(job.state(), State::Queued);
    scene.hears_nothing();
}

#[test]
fn a_stop_cancels_what_there_is() {
    let (dir, slurm) = played(&[("sbatch", "echo 7"), ("scancel", "")]);
    let scene = Scene::new();
    let job = scene.job("a", command(&["true"]));
    slurm.submit(&job).unwrap();
    slurm.stop();
    scene.hears(&job, State::Cancelled);
    assert_eq!(noted(&dir)[1], "scancel [7]");
    assert!(!dir.path().join("output").exists());
    assert_eq!(refused(slurm.submit(&job)).0, 503);
}

#[test]
fn a_directory_with_a_sign_of_slurms_is_refused() {
    let settings = Settings {
        env: BTreeMap::new(),
        options: Vec::new(),
        directory: "/tmp/50%".into(),
        output: 10,
        cancel_on_stop: true,
    };
    assert_eq!(
        refused(Slurm::new(settings)),
        (
            400,
            "slurm_output_dir: expected a path of text without `%` and `\\`, found /tmp/50%"
                .to_owned()
        )
    );
}

/// A Slurm of one node, with its controller, ended with the test.
struct Cluster {
    root: TempDir,
    daemons: Vec<Child>,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for daemon in self.daemons.iter_mut().rev() {
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
    }
}

fn is_installed(program: &str) -> bool {
    PATH.split(':')
        .any(|dir| Path::new(dir).join(program).is_file())
}

fn printed(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

impl Cluster {
    /// `None` where Slurm is not installed, which is said.
    fn start() -> Option<Self> {
        for program in ["slurmctld", "slurmd", "sbatch", "squeue", "scancel"] {
            if !is_installed(program) {
                println!("not tested: {program} is not installed");
                return None;
            }
        }
        let root = TempDir::with_prefix("slurm-").unwrap();
        fs::write(root.path().join("slurm.conf"), configuration(root.path())).unwrap();
        let daemon = |program: &str| {
            let mut command = Command::new(program);
            command.arg("-D").env("PATH", PATH).stdin(Stdio::null());
            command.env("SLURM_CONF", root.path().join("slurm.conf"));
            command
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap()
        };
        let daemons = vec![daemon("slurmctld"), daemon("slurmd")];
        let cluster = Self { root, daemons };
        cluster.wait_for("sinfo", &["--noheader", "--format=%t"], "idle");
        Some(cluster)
    }

    /// Until a command prints that.
    fn wait_for(&self, program: &str, arguments: &[&str], expected: &str) {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let mut command = Command::new(program);
            command
                .args(arguments)
                .env("SLURM_CONF", self.root.path().join("slurm.conf"));
            let output = command.output().unwrap();
            let text = String::from_utf8_lossy(&output.stdout);
            if text.trim() == expected {
                return;
            }
            let error = String::from_utf8_lossy(&output.stderr);
            assert!(Instant::now() < deadline, "{program}: {text} {error}");
        }
    }
}

fn configuration(root: &Path) -> String {
    // Free a moment ago.
    let ports = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let [control, node] = ports.map(|port| port.local_addr().unwrap().port());
    let (host, user) = (printed("hostname", &["-s"]), printed("id", &["-un"]));
    let root = root.display();
    let mut text = format!("SlurmctldHost={host}(127.0.0.1)\nNodeName={host} NodeAddr=127.0.0.1\n");
    for (key, value) in [("SlurmUser", &user), ("SlurmdUser", &user)] {
        writeln!(text, "{key}={value}").unwrap();
    }
    for (key, port) in [("SlurmctldPort", control), ("SlurmdPort", node)] {
        writeln!(text, "{key}={port}").unwrap();
    }
    for (key, file) in [
        ("StateSaveLocation", "state"),
        ("SlurmdSpoolDir", "spool"),
        ("SlurmctldPidFile", "slurmctld.pid"),
        ("SlurmdPidFile", "slurmd.pid"),
        ("SlurmctldLogFile", "slurmctld.log"),
        ("SlurmdLogFile", "slurmd.log"),
    ] {
        writeln!(text, "{key}={root}/{file}").unwrap();
    }
    text + "ClusterName=test\nAuthType=auth/none\nCredType=cred/none\nProctrackType=proctrack/pgid\n\
            TaskPlugin=task/none\nMpiDefault=none\nSelectType=select/cons_tres\n\
            SelectTypeParameters=CR_Core\nReturnToService=2\nSchedulerParameters=sched_interval=1\n\
            AccountingStorageType=accounting_storage/none\nJobAcctGatherType=jobacct_gather/none\n\
            PartitionName=test Nodes=ALL Default=YES State=UP\n"
}

/// Asks until the next change is heard.
fn next(slurm: &Slurm, scene: &Scene) -> Status {
    let deadline = Instant::now() + DEADLINE;
    loop {
        slurm.poll();
        if let Some(status) = scene.try_heard() {
            return status;
        }
        assert!(Instant::now() < deadline, "no change in time");
    }
}

/// The end of a job, whether or not it was seen running.
fn end(slurm: &Slurm, scene: &Scene, job: &Job) -> Status {
    let status = next(slurm, scene);
    assert_eq!(status.job_id, job.id);
    if status.state.is_end() {
        status
    } else {
        end(slurm, scene, job)
    }
}

#[test]
fn a_real_cluster_runs_tells_and_cancels() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let slurm = slurm_at(cluster.root.path(), PATH);
    let scene = Scene::new();
    let submit = |spec: Spec| {
        let job = scene.job("a", spec);
        slurm.submit(&job).unwrap();
        job
    };

    let mut spec = command(&[
        "sh",
        "-c",
        "echo \"$A|$1\"; pwd; echo err >&2; exit 3",
        "sh",
        "a b $A",
    ]);
    spec.env.insert("A".to_owned(), "x,y; $(id)".to_owned());
    let job = submit(spec);
    let status = end(&slurm, &scene, &job);
    assert_eq!(
        (status.state, status.ended.exit_code),
        (State::Failed, Some(3))
    );
    let output = |stream| slurm.output(&job, stream).unwrap().output;
    assert_eq!(output(Stream::Out), "x,y; $(id)|a b $A\n/\n");
    assert_eq!(output(Stream::Err), "err\n");

    let job = submit(script("echo $0 | grep -c slurm_script"));
    let status = end(&slurm, &scene, &job);
    assert_eq!(
        (status.state, status.ended.exit_code),
        (State::Completed, Some(0))
    );
    assert_eq!(slurm.output(&job, Stream::Out).unwrap().output, "1\n");

    let job = submit(command(&["sh", "-c", "echo on; exec sleep 3600"]));
    assert_eq!(next(&slurm, &scene).state, State::Running);
    // Before that, the first signal may come before the program.
    let deadline = Instant::now() + DEADLINE;
    while !slurm
        .output(&job, Stream::Out)
        .is_ok_and(|out| out.output == "on\n")
    {
        assert!(Instant::now() < deadline, "no output in time");
    }
    slurm.cancel(&job).unwrap();
    let status = end(&slurm, &scene, &job);
    assert_eq!(
        (status.state, status.ended.signal),
        (State::Cancelled, Some(15))
    );

    // One that the controller does not know.
    assert_eq!(slurm.ask(&[99_999]).unwrap().lines, []);

    submit(command(&["sleep", "3600"]));
    assert_eq!(next(&slurm, &scene).state, State::Running);
    slurm.stop();
    assert_eq!(scene.heard().state, State::Cancelled);
    cluster.wait_for("squeue", &["--noheader", "--format=%i"], "");
}
