//! Which plugins a change touches, and in which order: decided here, done elsewhere.

use super::ControlError;
use crate::{Need, Proposal, Vetted, Wait, crew::Running, start::Planned};
use jackfield_manifest::PluginId;
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// The plugin and those that require it, as far as they run, the last that came to run first.
pub(crate) fn leaving(running: &[Running], id: &PluginId) -> Vec<PluginId> {
    let mut order: Vec<&Running> = running.iter().collect();
    order.sort_unstable_by_key(|running| running.sequence);
    let mut leaving: Vec<(u64, PluginId)> = Vec::new();
    // In the order in which they came to run, whoever requires another stands after it.
    for running in order {
        let own = &running.vetted.manifest.id;
        let requires = |(_, other): &(u64, PluginId)| running.requires.contains(other);
        if own == id || leaving.iter().any(requires) {
            leaving.push((running.sequence, own.clone()));
        }
    }
    leaving.sort_unstable_by_key(|(sequence, _)| Reverse(*sequence));
    leaving.into_iter().map(|(_, id)| id).collect()
}

/// The steps of the plan that bring a plugin up: its own, and those of what it requires and
/// does not run.
pub(super) fn coming(
    proposal: &Proposal,
    id: &str,
    running: &BTreeSet<PluginId>,
) -> Result<BTreeSet<usize>, ControlError> {
    let plan = &proposal.plan;
    let own = (0..plan.start.len()).find(|&step| whose(proposal, step).as_str() == id);
    let Some(own) = own else {
        return Err(left_out(proposal, id));
    };
    let (mut coming, mut open) = (BTreeSet::new(), vec![own]);
    while let Some(step) = open.pop() {
        if running.contains(whose(proposal, step)) || !coming.insert(step) {
            continue;
        }
        let waits = plan.waits(step).iter();
        let required = waits.filter(|wait| matches!(wait.need, Need::Required { .. }));
        open.extend(required.map(|wait| wait.step as usize));
    }
    Ok(coming)
}

/// Adds those that were stopped on the way, as far as they can start again.
pub(super) fn coming_back(
    proposal: &Proposal,
    stopped: &[PluginId],
    running: &BTreeSet<PluginId>,
    steps: &mut BTreeSet<usize>,
) {
    for id in stopped {
        if let Ok(more) = coming(proposal, id.as_str(), running) {
            steps.extend(more);
        }
    }
}

/// Whose step it is.
pub(crate) fn whose(proposal: &Proposal, step: usize) -> &PluginId {
    &proposal.plugins[proposal.plan.start[step].node].manifest.id
}

/// Whom those steps start, in that order.
pub(crate) fn ids(proposal: &Proposal, steps: &BTreeSet<usize>) -> Vec<PluginId> {
    let ids = steps.iter().map(|&step| whose(proposal, step).clone());
    ids.collect()
}

/// Who has to run for as long as those steps are under way, and is none of them.
pub(crate) fn uses(proposal: &Proposal, steps: &BTreeSet<usize>) -> BTreeSet<PluginId> {
    let waits = steps.iter().flat_map(|&step| proposal.plan.waits(step));
    let required = waits.filter(|wait| matches!(wait.need, Need::Required { .. }));
    let others = required.map(|wait| wait.step as usize);
    let others = others.filter(|step| !steps.contains(step));
    others.map(|step| whose(proposal, step).clone()).collect()
}

/// The steps of the plan that start these again, as far as whatever each requires runs, or is
/// started with it; and each of the others that the plan has, with the first that it lacks.
pub(crate) fn reviving(
    proposal: &Proposal,
    wanted: &BTreeSet<PluginId>,
    running: &BTreeSet<PluginId>,
) -> (BTreeSet<usize>, Vec<(PluginId, PluginId)>) {
    let plan = &proposal.plan;
    let (mut steps, mut lacking) = (BTreeSet::new(), Vec::new());
    // In the order of the plan, so whoever is required comes before.
    for step in 0..plan.start.len() {
        let own = whose(proposal, step);
        if !wanted.contains(own) || running.contains(own) {
            continue;
        }
        let is_met = |other| steps.contains(&other) || running.contains(whose(proposal, other));
        match lacks(proposal, step, is_met) {
            None => drop(steps.insert(step)),
            Some(other) => lacking.push((own.clone(), other)),
        }
    }
    (steps, lacking)
}

/// The first that could meet a requirement of that step which nobody meets.
fn lacks(proposal: &Proposal, step: usize, is_met: impl Fn(usize) -> bool) -> Option<PluginId> {
    let waits = proposal.plan.waits(step).iter();
    let required = waits.filter_map(|wait| match wait.need {
        Need::Required { requirement } => Some((requirement, wait.step as usize)),
        _ => None,
    });
    let required: Vec<(u32, usize)> = required.collect();
    let met = required.iter().filter(|(_, other)| is_met(*other));
    let met: BTreeSet<u32> = met.map(|(requirement, _)| *requirement).collect();
    let open = required
        .iter()
        .find(|(requirement, _)| !met.contains(requirement));
    open.map(|(_, other)| whose(proposal, *other).clone())
}

/// Why the plan does not start a plugin; `None` where it does.
pub(crate) fn reason(proposal: &Proposal, id: &PluginId) -> Option<String> {
    let mut steps = 0..proposal.plan.start.len();
    if steps.any(|step| whose(proposal, step) == id) {
        return None;
    }
    Some(match left_out(proposal, id.as_str()) {
        ControlError::LeftOut { reason, .. } => reason,
        other => other.to_string(),
    })
}

/// A plugin that the plan starts, ready to be mapped.
pub(crate) fn vetted(proposal: &Proposal, id: &str) -> Result<Arc<Vetted>, ControlError> {
    let plan = &proposal.plan;
    let own = (0..plan.start.len()).find(|&step| whose(proposal, step).as_str() == id);
    let own = own.ok_or_else(|| left_out(proposal, id))?;
    let vetted = proposal.plugins[plan.start[own].node].vetted.clone();
    Ok(vetted.expect("what the plan starts was vetted for real"))
}

/// Why the plan does not start a plugin.
fn left_out(proposal: &Proposal, id: &str) -> ControlError {
    let mut nodes = proposal.plugins.iter().enumerate();
    let Some((node, plugin)) = nodes.rfind(|(_, plugin)| plugin.manifest.id.as_str() == id) else {
        return ControlError::Unknown(id.to_owned());
    };
    let rejection = proposal.plan.rejected.iter().find(|r| r.node == node);
    let own = plugin.reasons.first();
    let first = own.or_else(|| rejection?.reasons.first());
    let reason = first.map_or("it is not enabled", |reason| &reason.message);
    ControlError::LeftOut {
        id: plugin.manifest.id.clone(),
        reason: match rejection.and_then(|r| r.root_cause.as_ref()) {
            // What the resolver says names it already.
            Some(cause) if !reason.contains("(root cause: ") => {
                format!("{reason} (root cause: {cause})")
            }
            _ => reason.to_owned(),
        },
    }
}

/// Those steps, as places in the list of all that are to be started.
pub(crate) fn planned(proposal: &Proposal, steps: &BTreeSet<usize>) -> Vec<Planned> {
    let Proposal { plan, plugins, .. } = proposal;
    let place: BTreeMap<usize, u32> = steps.iter().copied().zip(0..).collect();
    let planned = |&step: &usize| {
        let plugin = &plugins[plan.start[step].node];
        let (mut waits, mut met) = (Vec::new(), Vec::new());
        for wait in plan.waits(step) {
            match place.get(&(wait.step as usize)) {
                Some(&step) => waits.push(Wait { step, ..*wait }),
                None if matches!(wait.need, Need::Required { .. }) => {
                    met.push(whose(proposal, wait.step as usize).clone());
                }
                None => {}
            }
        }
        Planned {
            vetted: plugin
                .vetted
                .clone()
                .expect("what the plan starts was vetted for real"),
            waits,
            met,
            alone: plugin.alone,
        }
    };
    steps.iter().map(planned).collect()
}
