//! YAML documents as JSON values, with the place of every node.
