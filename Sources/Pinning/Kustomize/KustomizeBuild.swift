// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// A resource that builds directories of the repository with kustomize, and can replace images itself.
///
/// Source: Flux, `Kustomization`; Argo CD, `ApplicationSource` § kustomize.
struct KustomizeBuild {
    /// The kind of the resource.
    let kind: String
    /// The canonical path of the file with the resource.
    let file: String
    /// The directories, from the root of the repository; those of an `ApplicationSet` can have
    /// expressions.
    let directories: [String]
    let images: ReplacedImages
    /// The directories of components, relative to those that are built.
    let components: [String]

    /// A Boolean value that indicates whether the files of a directory without a kustomization are built.
    ///
    /// Source: Flux, `Kustomization` § Generate kustomization.yaml.
    var buildsPlainDirectories: Bool { kind == "Kustomization" }

    /// Returns the builds of a file.
    ///
    /// - Parameters:
    ///   - stream: The documents of the file.
    ///   - file: The canonical path of the file.
    /// - Returns: The builds.
    static func all(in stream: YAMLDocumentStream, of file: String) -> [KustomizeBuild] {
        stream.documents.flatMap { document in
            (document.root["items"]?.items ?? [document.root]).flatMap { all(in: $0, of: file) }
        }
    }

    private static func all(in root: YAMLNode, of file: String) -> [KustomizeBuild] {
        let apiVersion = root["apiVersion"]?.text ?? ""
        if root["kind"]?.text == "Kustomization",
            apiVersion.hasPrefix("kustomize.toolkit.fluxcd.io/"), let spec = root["spec"]
        {
            return [
                KustomizeBuild(
                    kind: "Kustomization", file: file, directories: [spec["path"]?.text ?? "."],
                    images: ReplacedImages(spec["images"]?.items ?? []),
                    components: texts(spec["components"]))
            ]
        }
        guard let application = ApplicationSources(root) else { return [] }
        return application.all.map { source in
            let kustomize = source.node["kustomize"]
            return KustomizeBuild(
                kind: application.kind, file: file, directories: source.paths,
                images: ReplacedImages(stated: texts(kustomize?["images"])),
                components: texts(kustomize?["components"]))
        }
    }

    private static func texts(_ list: YAMLNode?) -> [String] {
        (list?.items ?? []).compactMap(\.text)
    }
}
