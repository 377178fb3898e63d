// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Lockfiles
internal import OCI

extension MirrorConfiguration {
    /// Returns the configuration entry that selects the image of a lock entry; `nil` if none does.
    ///
    /// Several entries can mirror the same source under different names, and tags of a pattern can
    /// go to the repository of an entry that lists its tags. The entry that lists the tag wins, as
    /// in a plan.
    func entry(of lockEntry: LockedImage) -> ImageEntry? {
        let entries = images.filter { entry in
            targets.contains { target in
                (try? entry.location(in: target)) == .repository(lockEntry.repository)
            }
        }
        return entries.first { $0.names(lockEntry) } ?? entries.first { $0.mayPick(lockEntry) }
    }
}

extension ImageEntry {
    /// Returns a Boolean value that indicates whether the entry lists the source of a lock entry.
    fileprivate func names(_ lockEntry: LockedImage) -> Bool {
        switch selection {
        case .one(let tag, let digest):
            lockEntry.source == PlannedImage.text(of: self, tag: tag, digest: digest)
        case .list(let tags):
            tags.contains {
                lockEntry.source == PlannedImage.text(of: self, tag: $0, digest: nil)
            }
        case .pattern: false
        }
    }

    /// Returns a Boolean value that indicates whether a pattern can have selected the tag of a lock
    /// entry.
    fileprivate func mayPick(_ lockEntry: LockedImage) -> Bool {
        guard case .pattern = selection else { return false }
        return lockEntry.source.hasPrefix("\(sourceText):")
    }
}
