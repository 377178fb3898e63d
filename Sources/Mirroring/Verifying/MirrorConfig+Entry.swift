// SPDX-License-Identifier: Apache-2.0

internal import Locking
internal import OCI

extension MirrorConfig {
    /// The entry that asks for what a block holds; nil where none does any more.
    func entry(of block: LockedImage) -> ImageEntry? {
        images.first { entry in
            switch entry.selection {
            case .one(let tag, let digest):
                block.source == PlannedImage.text(of: entry, tag: tag, digest: digest)
            case .list(let tags):
                tags.contains {
                    block.source == PlannedImage.text(of: entry, tag: $0, digest: nil)
                }
            case .pattern: block.source.hasPrefix("\(entry.sourceText):")
            }
        }
    }
}
