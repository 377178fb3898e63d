// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// Images that pipelines build and push.
///
/// Source: the reference documentation of GitHub Actions, GitLab CI/CD, Azure Pipelines, CircleCI, Cloud
/// Build, CodeBuild, Travis CI, Drone and Concourse.
extension DigestPlacement {
    /// The names of variables for the image that a pipeline builds.
    private static let pushedVariables = [
        "image", "image_name", "imagename", "image_ref", "image_url", "docker_image",
        "container_image", "app_image", "release_image", "target_image", "output_image",
        "push_image", "built_image", "new_image", "ci_registry_image",
    ].flatMap { [$0, "_\($0)"] }

    private static let rootKeys = [
        "jobs", "steps", "stages", "variables", "before_script", "substitutions",
    ]

    private static let pushed = "the image is pushed, not pulled"
    private static let usuallyPushed =
        "a variable with this name is usually the image that a pipeline pushes"

    static let pipelines = [
        Row(
            rootKeys: rootKeys,
            fields: pushedVariables.flatMap { name in
                ["env", "variables", "substitutions", "outputs"].map { Field($0, name) }
                    + [
                        Field("variables", name, "value"), Field("variables", name, "options", "*"),
                        Field("variables", "[name=\(name)]", "value"),
                    ]
            }, isText: true, exceptFiles: [Glob("*values*"), Glob("*compose*")],
            reason: usuallyPushed),
        Row(
            files: [Glob(".travis.yml")],
            fields: pushedVariables.flatMap { [Field("env", $0), Field("env", "global", $0)] },
            isText: true, reason: usuallyPushed),
        Row(
            files: [Glob("buildspec*")],
            fields: pushedVariables.map { Field("env", "variables", $0) }, isText: true,
            reason: usuallyPushed),
        // A job can also run in the image of a parameter.
        Row(
            rootKeys: rootKeys,
            fields: pushedVariables.flatMap { name in
                [
                    Field("inputs", name, "default"),
                    Field("parameters", "[name=\(name)]", "default"),
                ]
            }, isText: true, exceptFiles: [Glob("*values*"), Glob("*compose*")], isDoubtful: true,
            reason: "the image of a parameter may be one that the pipeline pushes"),
        // Azure Pipelines: the task `Docker`, and the variables of its templates.
        Row(
            rootKeys: ["jobs", "steps", "stages", "extends"],
            fields: ["repository", "imagename", "imagerepository", "tags", "tag"].map {
                Field("inputs", $0)
            } + [Field("inputs")], below: "task", belowText: "Docker", reason: pushed),
        Row(
            rootKeys: ["jobs", "steps", "stages", "extends"],
            fields: ["imagerepository", "tag", "imagetag"].map { Field("variables", $0) },
            reason: pushed),
        // Orbs of CircleCI. A job runs in the image of its executor.
        Row(
            rootKeys: ["orbs"],
            fields: [
                "docker/publish", "docker/build", "docker/push", "*/build-and-push-image",
                "*/build_and_push_image", "*/build-image", "*/push-image",
            ].flatMap { [Field($0), Field($0, "*")] }, reason: pushed),
        // Drone 0.8.
        Row(
            rootKeys: ["pipeline"], fields: [Field("pipeline", "*")], beside: "repo", reason: pushed
        ),
        Row(rootKeys: ["pipeline"], fields: [Field("pipeline", "*", "repo")], reason: pushed),
        Row(
            rootKeys: ["jobs"],
            fields: [
                Field("include", "*"), Field("include", "*", "image"), Field("matrix", "*", "*"),
                Field("matrix", "*", "*", "image"),
            ], beside: "context", reason: result),
        // Concourse: the parameters of `put`.
        Row(
            rootKeys: ["jobs"],
            fields: [
                Field("plan", "**", "params"), Field("plan", "**", "params", "image"),
                Field("plan", "**", "params", "repository"),
                Field("plan", "**", "params", "additional_tags"),
            ], below: "put", reason: pushed),
    ]

    /// Returns the row for the substitutions of Cloud Build with images that it pushes.
    static func pushedSubstitutions(in root: YAMLNode) -> Row {
        var texts = (root["images"]?.items ?? []) + (root["artifacts"]?["images"]?.items ?? [])
        for step in root["steps"]?.items ?? [] {
            let args = step["args"]?.items ?? []
            let isBuild = args.contains { ["build", "buildx"].contains($0.text) }
            for (option, value) in zip(args, args.dropFirst())
            where reason(forOption: option.text ?? "", isBuild: isBuild) != nil {
                texts.append(value)
            }
            texts += args.filter { arg in
                guard let text = arg.text, let equals = text.firstIndex(of: "=") else {
                    return false
                }
                return reason(forOption: text[..<equals]) != nil
            }
        }
        let names = texts.flatMap { substitutions(in: $0.text ?? "") }
        return Row(
            rootKeys: ["steps"],
            // Without a name, the row has a field that no path has.
            fields: [Field("substitutions", "")]
                + names.map { Field("substitutions", $0.lowercased()) },
            isText: true, reason: "Cloud Build pushes this image")
    }

    /// Returns the names of the substitutions in a text: `$_IMAGE`, `${_IMAGE}`.
    private static func substitutions(in text: String) -> [Substring] {
        text.split(separator: "$").dropFirst(text.hasPrefix("$") ? 0 : 1).map { part in
            part.drop { $0 == "{" }.prefix { $0 == "_" || $0.isLetter || $0.isNumber }
        }.filter { !$0.isEmpty }
    }
}
