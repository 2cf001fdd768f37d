//! The end of a life: a checkout of the target follows what was merged meanwhile.

use anyhow::Context;

use super::repository::Repository;

impl Repository {
    /// The target's checkout is fast-forwarded. Answers what was done; fails with what a person must do.
    pub(super) fn deliver(&self) -> anyhow::Result<Option<String>> {
        let target = format!("refs/heads/{}", self.target);
        if self.tip_ref == target {
            return Ok(None);
        }
        let tip = self.tip()?;
        let now = self.git.commit(&target)?.context("the target is gone")?;
        if now == tip {
            return Ok(None);
        }
        let (top, name) = (self.top.display(), &self.target);
        let command = format!("git merge {}", self.tip_ref);
        let places = self.checkouts()?;
        let moved = match places.first() {
            Some(folder) => self.git.at(folder).fast_forward(&tip)?,
            None if self.git.holds(&tip, &now)? => {
                let message = "agent-dispatch: merged";
                self.git
                    .run(&["update-ref", "-m", message, &target, &tip, &now])?
            }
            None => {
                let text = format!(
                    "{top}: {name} has moved on by itself; `{command}` there brings the work in"
                );
                anyhow::bail!(text);
            }
        };
        if !moved.is_ok() {
            let why = moved.complaint();
            anyhow::bail!(
                "{top}: {name} could not be fast-forwarded ({why}); `{command}` there brings the work in"
            );
        }
        let short = &tip[..tip.len().min(10)];
        Ok(Some(format!("{top}: {name} is at {short} now")))
    }

    /// What stands in for the target is needed no more once the target holds it.
    pub(super) fn end_staging(&self) {
        let target = format!("refs/heads/{}", self.target);
        if self.tip_ref != target
            && let Ok(tip) = self.tip()
            && self.git.holds(&target, &tip).unwrap_or(false)
        {
            let _ = self.git.run(&["update-ref", "-d", &self.tip_ref, &tip]);
        }
    }
}
