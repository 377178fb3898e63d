// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Lockfiles
internal import OCI

/// What is left to do for one image; targets stand by their position in the configuration.
struct ImageWork {
    /// What the image's name stands for, at the source and at each target.
    let resolved: ResolvedImage
    /// Targets that have the image, the one to read from first at the front.
    var holders: [Int] = []
    /// Targets that it has to be copied to.
    var toCopy: [Int] = []
    /// Targets whose lock gets a new block, once the image is proved and there.
    var toLock: Set<Int> = []

    init(_ resolved: ResolvedImage) {
        self.resolved = resolved
        for (position, standing) in resolved.targets.enumerated() {
            switch standing.action {
            case .nothing: holders.append(position)
            case .validate:
                holders.append(position)
                toLock.insert(position)
            case .copy, .replace:
                toCopy.append(position)
                toLock.insert(position)
            case nil: break
            }
        }
    }

    /// Whether this is the first time that the image comes to a target, as far as the lock tells.
    func isFirst(at position: Int) -> Bool {
        let standing = resolved.targets[position]
        return standing.current == nil && standing.block == nil
    }

    /// Whether every target that is copied to has had these bytes before: as its lock says, or as the
    /// name that it still has.
    var isRepair: Bool {
        guard let digest = resolved.descriptor?.digest, !toCopy.isEmpty else { return false }
        return toCopy.allSatisfy { position in
            let standing = resolved.targets[position]
            guard let block = standing.block, block.digest == digest,
                .repository(block.repository) == standing.location
            else { return standing.current?.digest == digest }
            return true
        }
    }

    /// Whether some lock proves of these bytes all that is asked for.
    var isValidated: Bool { resolved.targets.contains(where: \.isValidated) }

    /// Whether no target needs anything.
    var isDone: Bool { toLock.isEmpty }
}
