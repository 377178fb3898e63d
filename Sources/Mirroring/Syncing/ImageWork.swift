// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Lockfiles
internal import OCI

/// The remaining work for one image; targets are identified by their position in the configuration.
struct ImageWork {
    /// The image with the descriptors of its name at the source and at each target.
    let resolved: ResolvedImage
    /// Targets that have the image, in the order in which to read from them.
    var holders: [Int] = []
    /// Targets to copy the image to.
    var toCopy: [Int] = []
    /// Targets whose lock file gets a new entry once the image is validated and present.
    var toLock: Set<Int> = []

    init(_ resolved: ResolvedImage) {
        self.resolved = resolved
        for (position, state) in resolved.targets.enumerated() {
            switch state.action {
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

    /// Returns a Boolean value that indicates whether a target has neither the name nor a lock
    /// entry.
    func isFirst(at position: Int) -> Bool {
        let state = resolved.targets[position]
        return state.current == nil && state.lockEntry == nil
    }

    /// A Boolean value that indicates whether every target to copy to has had this digest before,
    /// by its lock entry or by its current tag.
    var isRepair: Bool {
        guard let digest = resolved.descriptor?.digest, !toCopy.isEmpty else { return false }
        return toCopy.allSatisfy { position in
            let state = resolved.targets[position]
            guard let lockEntry = state.lockEntry, lockEntry.digest == digest,
                .repository(lockEntry.repository) == state.location
            else { return state.current?.digest == digest }
            return true
        }
    }

    /// A Boolean value that indicates whether a lock entry covers everything that is required.
    var isValidated: Bool { resolved.targets.contains(where: \.isValidated) }

    /// A Boolean value that indicates whether no target needs a change.
    var isDone: Bool { toLock.isEmpty }
}
