//! What the machine is among others: where jobs run, where they are submitted, or neither.

use plugin_api::Result;
use schemars::JsonSchema;
use serde::Serialize;
use std::{
    collections::HashMap,
    env,
    path::{Path, PathBuf},
};
use system::{ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind, get_current_pid};

/// The answer of `host_role`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct HostRole {
    role: Role,
    scheduler: Option<&'static str>,
    job_id: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Role {
    /// The host runs inside a job.
    Compute,
    /// Jobs are submitted from here.
    Login,
    /// Neither.
    Bridge,
}

/// A scheduler, the variable in which its jobs find their id, and a command that only it has.
const SCHEDULERS: [(&str, &str, &str); 6] = [
    ("slurm", "SLURM_JOB_ID", "sbatch"),
    ("flux", "FLUX_JOB_ID", "flux"),
    ("lsf", "LSB_JOBID", "bsub"),
    ("oar", "OAR_JOB_ID", "oarsub"),
    ("pbs", "PBS_JOBID", "pbsnodes"),
    // `JOB_ID` alone may be anybody's.
    ("sge", "SGE_TASK_ID", "qconf"),
];

/// The variables with which the host's process was started: facts about where it runs, which the
/// system keeps for every process.
pub(crate) type Variables = HashMap<String, String>;

/// Reads them.
///
/// # Errors
///
/// On an operating system that the `sysinfo` crate does not know.
pub(crate) fn variables() -> Result<Variables> {
    let mut system = System::new()?;
    let own = get_current_pid()?;
    let kind = ProcessRefreshKind::nothing().with_environ(UpdateKind::Always);
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[own]), true, kind);
    let variables = system.process(own).map(|process| process.environ());
    let pairs = variables.unwrap_or_default().iter().filter_map(|pair| {
        let (name, value) = pair.to_str()?.split_once('=')?;
        Some((name.to_owned(), value.to_owned()))
    });
    Ok(pairs.collect())
}

impl HostRole {
    /// By the variables of a job, else by the commands that are there.
    pub(crate) fn new(variables: &Variables) -> Self {
        for (scheduler, variable, _) in SCHEDULERS {
            if let Some(value) = variables.get(variable) {
                let job_id = match scheduler {
                    // That variable only tells that it is one of its jobs.
                    "sge" => variables.get("JOB_ID").cloned(),
                    _ => Some(value.clone()),
                };
                return Self {
                    role: Role::Compute,
                    scheduler: Some(scheduler),
                    job_id,
                };
            }
        }
        let path = variables
            .get("PATH")
            .map(String::as_str)
            .unwrap_or_default();
        let has = |command: &str| {
            let mut directories = env::split_paths(path);
            directories.any(|directory| is_program(&directory.join(command)))
        };
        let scheduler = SCHEDULERS.iter().find(|(.., command)| has(command));
        Self {
            role: scheduler.map_or(Role::Bridge, |_| Role::Login),
            scheduler: scheduler.map(|(scheduler, ..)| *scheduler),
            job_id: None,
        }
    }
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let about = path.metadata();
    about.is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

/// The home directory of the user that the host runs as.
pub(crate) fn home() -> Option<PathBuf> {
    env::home_dir().filter(|home| !home.as_os_str().is_empty())
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use plugin_api::serde_json::{Value, json, to_value};
    use std::{fs, os::unix::fs::PermissionsExt};

    fn role(pairs: &[(&str, &str)]) -> Value {
        let own = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        to_value(HostRole::new(&pairs.iter().map(own).collect())).unwrap()
    }

    #[test]
    fn inside_a_job_it_computes() {
        for (variable, scheduler) in [
            ("SLURM_JOB_ID", "slurm"),
            ("PBS_JOBID", "pbs"),
            ("LSB_JOBID", "lsf"),
            ("FLUX_JOB_ID", "flux"),
            ("OAR_JOB_ID", "oar"),
        ] {
            let expected = json!({ "role": "compute", "scheduler": scheduler, "job_id": "17" });
            assert_eq!(role(&[(variable, "17")]), expected);
        }
        assert_eq!(
            role(&[("SGE_TASK_ID", "undefined"), ("JOB_ID", "17")]),
            json!({ "role": "compute", "scheduler": "sge", "job_id": "17" })
        );
    }

    #[test]
    fn where_jobs_can_be_submitted_is_a_login_node() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().display().to_string();
        let bridge = json!({ "role": "bridge", "scheduler": null, "job_id": null });
        assert_eq!(role(&[("PATH", &path), ("JOB_ID", "1")]), bridge);
        let sbatch = dir.path().join("sbatch");
        fs::write(&sbatch, "").unwrap();
        // A file that is no program.
        assert_eq!(role(&[("PATH", &path)]), bridge);
        fs::set_permissions(&sbatch, fs::Permissions::from_mode(0o755)).unwrap();
        let login = json!({ "role": "login", "scheduler": "slurm", "job_id": null });
        assert_eq!(role(&[("PATH", &format!("/none:{path}"))]), login);
        assert_eq!(role(&[]), bridge);
    }

    #[test]
    fn the_variables_of_this_process_are_read() {
        let variables = variables().unwrap();
        assert!(variables.contains_key("PATH"), "{variables:?}");
    }
}
