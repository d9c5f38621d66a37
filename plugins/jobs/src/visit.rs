use crate::{
    Jobs,
    fault::Fault,
    job::Status,
    scheduler::{Output, Stream},
    spec::Submission,
};
use plugin_api::{NoArguments, SessionContext, prelude::*};

/// A client and its jobs.
pub(crate) struct Visit {
    context: SessionContext<Jobs>,
    /// Whose the jobs are.
    name: String,
}

impl Session for Visit {
    type Plugin = Jobs;
    type Arguments = NoArguments;

    fn new(context: SessionContext<Jobs>, _arguments: NoArguments) -> Result<Self> {
        Ok(Self {
            name: context.id().to_string(),
            context,
        })
    }

    fn context(&self) -> &SessionContext<Jobs> {
        &self.context
    }

    fn close(&self) {
        let jobs = self.context.plugin();
        if let Err(fault) = jobs.desk.close(&self.name, jobs.cancel_on_close) {
            log::warn!("a job of a closed session goes on: {fault}");
        }
    }
}

/// A job that was submitted.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Submitted {
    job_id: String,
}

/// The session's jobs, in the order in which they came.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Listed {
    jobs: Vec<Status>,
}

/// Which job.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Which {
    job_id: String,
}

/// Which output of which job.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct WhichOutput {
    job_id: String,
    #[serde(default)]
    stream: Stream,
}

/// What a job wrote.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Written {
    job_id: String,
    stream: Stream,
    #[serde(flatten)]
    output: Output,
}

impl Visit {
    pub(crate) fn submit(&self, Json(body): Json<Submission>) -> Result<Json<Submitted>> {
        let jobs = self.context.plugin();
        let spec = body.check(&jobs.defaults);
        let job = spec.and_then(|spec| jobs.desk.submit(&self.name, spec));
        let job_id = job.map_err(Fault::told)?.id.clone();
        Ok(Json(Submitted { job_id }))
    }

    pub(crate) fn list(&self) -> Json<Listed> {
        let jobs = self.context.plugin().desk.list(&self.name);
        Json(Listed { jobs })
    }

    pub(crate) fn status(&self, Query(which): Query<Which>) -> Result<Json<Status>> {
        let status = self.context.plugin().desk.status(&self.name, &which.job_id);
        status.map(Json).map_err(Fault::told)
    }

    pub(crate) fn output(&self, Query(which): Query<WhichOutput>) -> Result<Json<Written>> {
        let WhichOutput { job_id, stream } = which;
        let output = self
            .context
            .plugin()
            .desk
            .output(&self.name, &job_id, stream);
        Ok(Json(Written {
            output: output.map_err(Fault::told)?,
            job_id,
            stream,
        }))
    }

    pub(crate) fn cancel(&self, Json(which): Json<Which>) -> Result<Json<Status>> {
        let status = self.context.plugin().desk.cancel(&self.name, &which.job_id);
        status.map(Json).map_err(Fault::told)
    }
}
