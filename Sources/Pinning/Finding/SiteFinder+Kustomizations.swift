// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import TextSafety
internal import YAML

/// Images of manifests and kustomizations that other kustomizations change.
extension SiteFinder {
    /// Returns the reason for which an image of a manifest is only the name by which kustomizations select
    /// it; `nil` if it is not, or if the lock file has an image with this name.
    func replacement(of site: ImageReferenceSite) -> String? {
        guard let image = site.image, !(lock?.has(image.repository) ?? false),
            let replacement = kustomizations(of: site), replacement.isComplete,
            let origin = replacement.replacing.first
        else { return nil }
        return "\(origin) replaces it"
    }

    /// Returns the reason for which the digest of an image would also be that of another image, or be lost:
    /// a kustomization changes only the name, or a part of the image.
    func rename(of site: ImageReferenceSite) -> String? {
        guard let image = site.image, let lock, lock.has(image.repository) else { return nil }
        if let origin = partOrigin(of: site) { return "\(origin) replaces or copies a part of it" }
        guard let replacement = laterKustomizations(of: site) ?? kustomizations(of: site) else {
            return nil
        }
        if let origin = replacement.partOrigin {
            return "\(origin) replaces or copies a part of it"
        }
        if replacement.isLimited {
            return "the repository has too many files to find all kustomizations with this file"
        }
        let new = replacement.newNames.first { new in
            guard let other = ImageText.reference(new.name)?.repository else { return true }
            return !isSame(other, as: image.repository, in: lock)
        }
        return new.map {
            "\($0.origin) gives the image the name \(UntrustedText($0.name).display(limit: 200))"
        }
    }

    /// Returns a Boolean value that indicates whether a repository has the image of another one: its
    /// mirror, or the same path in a registry that the lock file does not have.
    private func isSame(_ new: Repository, as old: Repository, in lock: LockView) -> Bool {
        new == old || lock.hasSameImages(old, new) || (new.path == old.path && !lock.has(new))
    }

    /// Returns the kustomizations that replace an image in a resource.
    ///
    /// Source: kustomize, `images`: only of `containers` and `initContainers`.
    private func kustomizations(of site: ImageReferenceSite) -> Kustomizations.Replacement? {
        guard let files = context.files, let steps = stepsInResource(of: site) else { return nil }
        let isOfContainer =
            site.path.key == "image"
            && ["containers", "initContainers"].contains(site.path.step(before: 2))
        let image = FieldReplacement.Image(
            kind: resource.kind, name: resource.name, steps: steps,
            hasParts: site.reference == nil, hasDigestInTag: site.shape == .tag)
        return files.kustomizations.replacement(
            of: isOfContainer ? site.reference?.text : nil, image, in: file, of: files)
    }

    /// Returns the kustomizations that replace an image after the kustomization that the file is has set it.
    private func laterKustomizations(of site: ImageReferenceSite) -> Kustomizations.Replacement? {
        guard let files = context.files, isKustomizationFile, site.path.steps.first == "images",
            let name = site.repository?.text ?? site.matchedName?.text
        else { return nil }
        return files.kustomizations.replacement(ofNamed: name, by: file, of: files)
    }

    /// Returns the path of an image from the root of the resource, also in a list or in a patch; `nil` for an
    /// image outside of resources.
    private func stepsInResource(of site: ImageReferenceSite) -> [String]? {
        guard !resource.apiVersion.isEmpty else { return nil }
        let steps = site.path.steps
        if isKustomizationFile, steps.count > 3 {
            if steps[0] == "patches", steps[2] == "patch" { return Array(steps.dropFirst(3)) }
            if steps[0] == "patchesStrategicMerge" { return Array(steps.dropFirst(2)) }
        }
        guard isInResource else { return nil }
        return steps.count > 2 && steps[0] == "items" ? Array(steps.dropFirst(2)) : steps
    }

    private var isKustomizationFile: Bool {
        Kustomizations.fileNames.contains(String(file.split(separator: "/").last ?? ""))
    }

    /// Returns the origin of a replacement that changes a part of an image that a kustomization sets, or
    /// copies a part of a value that it generates; `nil` if there is none.
    private func partOrigin(of site: ImageReferenceSite) -> String? {
        guard let files = context.files, state.valuesDepth == 0, isKustomizationFile else {
            return nil
        }
        let steps = site.path.steps
        switch steps.first {
        case "images":
            return files.kustomizations.origin(
                of: \.changesPartsOfImages, for: file, of: files)
        case "configMapGenerator", "secretGenerator":
            let kind = steps[0] == "configMapGenerator" ? "ConfigMap" : "Secret"
            let line = site.reference?.node.text ?? ""
            let key = String(line.prefix { $0 != "=" })
            let name = steps.count > 1 ? Self.name(ofElement: steps[1]) : nil
            return files.kustomizations.origin(
                of: { $0.takesPart(ofGenerated: kind, named: name, key: key) }, for: file,
                of: files)
        default: return nil
        }
    }

    /// Returns the name of an element of a list; `nil` for an element without a name.
    private static func name(ofElement step: String) -> String? {
        guard step.hasPrefix("[name=") else { return nil }
        return String(step.dropFirst("[name=".utf8.count).dropLast())
    }
}
