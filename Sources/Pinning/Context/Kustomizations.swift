// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import YAML

/// The kustomizations of a repository whose `images` replace the images of manifests.
///
/// They are those of the files to process, and those in directories above a manifest.
///
/// Source: kustomize, `images`, `resources`, `bases` and `components`.
final class Kustomizations: Sendable {
    /// The parts of a kustomization that select images.
    private struct Kustomization {
        /// The names of the images that it replaces, as text.
        let names: Set<String>
        /// The files and directories that it reads.
        let references: [String]
    }

    private static let fileNames = ["kustomization.yaml", "kustomization.yml", "Kustomization"]
    /// The maximum number of kustomizations that are read.
    private static let limit = 10_000
    /// The maximum number of files and directories that are visited for one lookup.
    private static let visitLimit = 2_000

    private let paths: [String]
    /// The kustomizations by path; `nil` for a path without one.
    private let known = Mutex<[String: Kustomization?]>([:])
    private let replacing = Mutex<[String: [String]]?>(nil)

    /// Creates a table.
    ///
    /// - Parameter files: The paths of all files to process, of which others are ignored.
    init(among files: [String]) {
        paths = Array(
            files.lazy.filter { path in
                Self.fileNames.contains(String(path.split(separator: "/").last ?? ""))
            }.prefix(Self.limit))
    }

    /// Returns the path of a kustomization that replaces an image of a manifest; `nil` if there is none.
    ///
    /// - Parameters:
    ///   - image: The text of the image in the manifest.
    ///   - manifest: The path of the manifest.
    ///   - files: The files of the repository.
    /// - Returns: The path, as that of the manifest.
    func path(replacing image: String, in manifest: String, of files: RepositoryFiles) -> String? {
        let name = Self.name(of: image)
        let above = LexicalPath.directories(above: manifest).prefix(BaseFinder.levels)
            .flatMap { directory in Self.fileNames.map { directory + $0 } }
            .filter { kustomization(at: $0, in: files)?.names.contains(name) ?? false }
        var visits = Self.visitLimit
        return (above + (index(of: files)[name] ?? [])).first {
            reads(manifest, from: $0, in: files, &visits)
        }
    }

    /// Returns the text of an image without its tag and digest.
    private static func name(of image: String) -> String {
        let name = image.prefix { $0 != "@" }
        guard let colon = name.lastIndex(of: ":"), !name[colon...].contains("/") else {
            return String(name)
        }
        return String(name[..<colon])
    }

    /// Returns the paths of all kustomizations by the names that they replace.
    private func index(of files: RepositoryFiles) -> [String: [String]] {
        if let index = replacing.withLock({ $0 }) { return index }
        var index: [String: [String]] = [:]
        for path in paths {
            for name in kustomization(at: path, in: files)?.names ?? [] {
                index[name, default: []].append(path)
            }
        }
        replacing.withLock { [index] in $0 = index }
        return index
    }

    private func kustomization(at path: String, in files: RepositoryFiles) -> Kustomization? {
        if let found = known.withLock({ $0[path] }) { return found }
        let root = files.values(in: path)?.root
        let kustomization = root.map { root in
            let images = (root["images"]?.items ?? []).filter { image in
                ["newName", "newTag", "digest"].contains { image[$0]?.text?.isEmpty == false }
            }
            let references = ["resources", "bases", "components"].flatMap { key in
                root[key]?.items?.compactMap(\.text) ?? []
            }
            return Kustomization(
                names: Set(images.compactMap { $0["name"]?.text }), references: references)
        }
        known.withLock { if $0.count < Self.limit { $0[path] = .some(kustomization) } }
        return kustomization
    }

    /// Returns a Boolean value that indicates whether a kustomization reads a manifest, also through
    /// others.
    private func reads(
        _ manifest: String, from path: String, in files: RepositoryFiles, _ visits: inout Int
    ) -> Bool {
        let goal = LexicalPath.normalizedDirectory(manifest)
        var pending = [path]
        var seen: Set<String> = [path]
        while let path = pending.popLast() {
            let directory = LexicalPath.directory(of: path)
            for reference in kustomization(at: path, in: files)?.references ?? [] {
                visits -= 1
                guard visits > 0 else { return false }
                guard let target = LexicalPath.directory(reference, from: directory) else {
                    continue
                }
                if target == goal { return true }
                guard !reference.hasSuffix(".yaml"), !reference.hasSuffix(".yml") else { continue }
                pending += Self.fileNames.map { target + $0 }.filter { seen.insert($0).inserted }
            }
        }
        return false
    }
}
