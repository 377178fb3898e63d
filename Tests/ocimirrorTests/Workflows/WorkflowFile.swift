// SPDX-License-Identifier: Apache-2.0

import Files
import Testing
import YAML

/// The parsed content of a file of `ci/workflows`.
struct WorkflowFile: CustomTestStringConvertible {
    let name: String
    let text: String
    let documents: [YAMLNode]
    var testDescription: String { name }

    static let folder = "\(Workspace.project)/ci/workflows"

    static func all() throws -> [WorkflowFile] {
        try Directory.list(folder).filter { $0.hasSuffix(".yml") }.map(WorkflowFile.init)
    }

    init(_ name: String) throws {
        self.name = name
        let bytes = try BoundedFile.read("\(Self.folder)/\(name)", limit: 1 << 20)
        text = String(decoding: bytes, as: UTF8.self)
        documents = try YAMLDocumentStream(parsing: bytes).documents.map(\.root)
    }

    var isGitHub: Bool { name.hasPrefix("github") }
    var isAzure: Bool { name.hasPrefix("azure") }

    /// The jobs of GitHub's and Azure's files, by name.
    var jobs: [(name: String, node: YAMLNode)] {
        guard let jobs = documents.first?["jobs"] else { return [] }
        if let items = jobs.items { return items.map { ($0["job"]?.text ?? "", $0) } }
        return (jobs.entries ?? []).map { ($0.key.text ?? "", $0.value) }
    }

    func steps(of job: String) throws -> [Step] {
        let node = try #require(jobs.first { $0.name == job }?.node)
        return try #require(node["steps"]?.items).map(Step.init)
    }

    /// The containers of all pods, with the pod templates.
    var containers: [(pod: YAMLNode, container: YAMLNode)] {
        documents.flatMap { document -> [(YAMLNode, YAMLNode)] in
            let job = document["spec"]?["jobTemplate"]?["spec"] ?? document["spec"]
            guard let pod = job?["template"]?["spec"] else { return [] }
            return (pod["containers"]?.items ?? []).map { (pod, $0) }
        }
    }
}

/// One step of a job, of GitHub or of Azure.
struct Step {
    let name: String
    let id: String?
    let uses: String?
    let script: String?
    let environment: [(name: String, value: String)]
    let condition: String?
    /// The inputs of an action or a task.
    let inputs: [String: String]

    init(_ node: YAMLNode) {
        name = node["name"]?.text ?? node["displayName"]?.text ?? ""
        id = node["id"]?.text
        uses = node["uses"]?.text ?? node["task"]?.text ?? node["checkout"]?.text
        script = node["run"]?.text ?? node["bash"]?.text
        environment = (node["env"] ?? node).texts(where: node["env"] != nil)
        condition = node["if"]?.text ?? node["condition"]?.text
        let given = (node["with"] ?? node["inputs"])?.texts() ?? []
        inputs = Dictionary(given.map { ($0.name, $0.value) }) { first, _ in first }
    }

    /// A Boolean value that indicates whether the step needs a hosted runner: docker or root.
    var needsTheRunner: Bool {
        name == "Build the binary" || name == "Install shared libraries"
    }
}

extension YAMLNode {
    /// The entries of a mapping whose values are text.
    func texts(where isWanted: Bool = true) -> [(name: String, value: String)] {
        guard isWanted else { return [] }
        return (entries ?? []).compactMap { entry in
            guard let name = entry.key.text, let value = entry.value.text else { return nil }
            return (name, value)
        }
    }
}
