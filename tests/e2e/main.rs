//! The programs together, as a user runs them: pipes, signals, documents, disks.

mod agents;
mod conform;
mod disk;
mod disk_full;
mod docs;
mod fan_in;
mod fan_in_ground;
mod fan_in_killed;
mod fan_in_refused;
mod orchestrate;
mod parallel_list;
mod part;
mod pipeline;
mod plan;
mod quickstart;
mod resume;
mod sandbox;
mod worktrees;
mod worktrees_agents;
mod worktrees_bisect;
mod worktrees_ground;
mod worktrees_killed;
mod worktrees_merged;
mod worktrees_ready;
mod worktrees_target;
