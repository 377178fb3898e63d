// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Lockfiles
internal import OCI

extension MirrorConfiguration {
    /// The entry that asks for what a block holds; nil where none does any more.
    ///
    /// Several may bring the same source under different names, and a pattern's tags go where those of an entry
    /// go that names its own; the entry that names the tag then decides, as it does in a plan.
    func entry(of block: LockedImage) -> ImageEntry? {
        let entries = images.filter { entry in
            targets.contains { target in
                (try? entry.location(in: target)) == .repository(block.repository)
            }
        }
        return entries.first { $0.names(block) } ?? entries.first { $0.mayPick(block) }
    }
}

extension ImageEntry {
    /// Whether the entry asks for the block's source in so many words.
    fileprivate func names(_ block: LockedImage) -> Bool {
        switch selection {
        case .one(let tag, let digest):
            block.source == PlannedImage.text(of: self, tag: tag, digest: digest)
        case .list(let tags):
            tags.contains {
                block.source == PlannedImage.text(of: self, tag: $0, digest: nil)
            }
        case .pattern: false
        }
    }

    /// Whether a pattern may have picked the block's tag.
    fileprivate func mayPick(_ block: LockedImage) -> Bool {
        guard case .pattern = selection else { return false }
        return block.source.hasPrefix("\(sourceText):")
    }
}
