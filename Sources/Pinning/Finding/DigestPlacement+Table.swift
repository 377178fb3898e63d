// SPDX-License-Identifier: Apache-2.0

/// Source: the reference documentation of each resource.
extension DigestPlacement {
    /// The rows; the first one that matches gives the reason.
    static let table: [Row] =
        policies + builds + pipelines + tests + schemas + metadata + otherTools

    private static let policy = "an admission policy compares it with other images"

    private static let policies =
        [
            "kyverno.io/", "policies.kyverno.io/", "policy.sigstore.dev/",
            "constraints.gatekeeper.sh/", "mutations.gatekeeper.sh/", "templates.gatekeeper.sh/",
            "portieris.cloud.ibm.com/", "neuvector.com/",
        ].map { Row(group: $0, reason: policy) } + [
            Row(group: "policies.kubewarden.io/", pulled: "module", reason: policy),
            Row(
                fields: [
                    "match", "exempt", "exclude", "ignore", "allow", "deny", "block", "skip",
                    "trusted", "untrusted", "skipped", "denied",
                ].flatMap(patterns)
                    + ["allow", "deny", "white", "black", "block"].flatMap(patternLists),
                reason: "the list has patterns for other images"),
        ]

    /// Returns the fields for which a word is the first or the only one: `excludedImages`,
    /// `deny.images`; not `skipperImage`.
    private static func patterns(_ word: String) -> [Field] {
        let keys = ["\(word)image", "\(word)d^image", "\(word)ed^image"]
        var fields = keys.flatMap { [Field($0), Field($0, "*")] }
        for form in [word, "\(word)d", "\(word)ed"] {
            fields += [Field("\(form)^images"), Field("\(form)^images", "**")]
            fields += [Field("\(form)^registries", "*")]
        }
        for key in [word, "\(word)ed"] {
            fields += [Field(key, "images", "**"), Field("images", key, "*")]
        }
        return fields
    }

    /// Returns the fields of lists such as `imageAllowlist` and `image_allow_list`.
    private static func patternLists(_ word: String) -> [Field] {
        ["*\(word)list", "*\(word)list*", "*\(word)_list", "*\(word)-list"].map { Field($0, "*") }
    }

    static let result = "the image is the result of a build"

    private static let builds = [
        Row(
            fields: [Field("services", "*", "image"), Field("x-*", "image")], beside: "build",
            reason: "the image is the result of 'build'"),
        Row(
            group: "skaffold/",
            fields: [
                Field("artifacts", "*", "image"), Field("artifacts", "*", "requires", "*", "image"),
                Field("artifactoverrides", "**"), Field("test", "*", "image"),
            ],
            reason: "skaffold builds the image and finds it by this name"),
        Row(
            group: "kafka.strimzi.io/", fields: [Field("build", "output", "**")],
            reason: "Kafka Connect pushes the image that it builds"),
        Row(
            group: "shipwright.io/", fields: [Field("output", "**")], reason: result),
        Row(group: "build.openshift.io/", fields: [Field("output", "**")], reason: result),
        Row(
            group: "kpack.io/", fields: [Field("spec", "tag"), Field("additionaltags", "*")],
            reason: result),
        Row(
            group: "tekton.dev/",
            fields: [
                "image", "img", "image-name", "image-url", "imageurl", "output-image",
                "output_image", "outputimage", "destination",
            ].flatMap {
                [
                    Field("params", "[name=\($0)]", "value"),
                    Field("params", "[name=\($0)]", "default"),
                ]
            },
            reason: "a parameter with this name is usually the image that a pipeline pushes"),
        Row(
            rootKeys: ["steps"],
            fields: [Field(root: "images", "*"), Field(root: "artifacts", "images", "*")],
            reason: "Cloud Build pushes this image"),
        Row(
            files: [Glob("devspace.yaml")], fields: [Field("images", "*", "image")],
            reason: "DevSpace builds the image"),
        Row(
            files: [Glob("func.yaml")], rootKeys: ["specVersion"], fields: [Field("image")],
            reason: "Knative builds the image"),
        Row(
            fields: [
                Field("build", "output", "image"), Field("build", "tags", "*"),
                Field("settings", "repo"), Field("with", "tags"), Field("with", "images"),
            ],
            reason: "the image is pushed, not pulled"),
        Row(
            fields: [
                "cache_from", "cache_to", "cachefrom", "cacheto", "cache-from", "cache-to",
            ].flatMap { [Field($0), Field($0, "*")] },
            reason: "the image is a cache of a build"),
        Row(
            fields: [Field("push", "image")], isText: true,
            reason: "the image is pushed, not pulled"),
        Row(fields: [Field("settings")], beside: "repo", reason: "the image is pushed, not pulled"),
        Row(
            fields: [Field("push", "image")], isDoubtful: true,
            reason: "the image may be one to push"),
        Row(
            fields: [
                Field("image"), Field("image", "imagename"), Field("include", "*"),
                Field("matrix", "*", "*"),
            ], beside: "dockerfile", reason: result),
        Row(fields: modules, beside: "build", reason: result),
        Row(fields: modules, beside: "push", besideText: "true", reason: result),
        Row(fields: modules, beside: "source", besideText: "build", reason: result),
        Row(
            fields: ["build", "push", "remove", "tag", "export"].flatMap { action in
                ["docker_image_\(action)", "podman_image_\(action)"].flatMap { name in
                    ["\(name)", "*.\(name)"].flatMap {
                        [Field($0), Field($0, "*"), Field($0, "repository", "*")]
                    }
                }
            }, reason: "the module pulls no image"),
    ]

    /// Source: Ansible, `community.docker.docker_image` and `containers.podman.podman_image`.
    private static let modules = ["docker_image", "podman_image"].flatMap {
        [Field($0), Field("*.\($0)"), Field($0, "name"), Field("*.\($0)", "name")]
    }

    private static let tests = [
        Row(
            files: [Glob("*_test.yaml"), Glob("*_test.yml")], rootKeys: ["suite", "tests"],
            reason: "helm-unittest compares it with the rendered chart"),
        Row(
            files: [Glob("**/__snapshot__/**"), Glob("**/__snapshots__/**")],
            reason: "the file is a snapshot of a test"),
        Row(group: "chainsaw.kyverno.io/", reason: "the file is test data of chainsaw"),
        Row(group: "cli.kyverno.io/", reason: "the file is test data of kyverno"),
        Row(group: "kuttl.dev/", reason: "the file is test data of kuttl"),
    ]

    private static let schema = "a schema describes values and does not use them"

    private static let schemas = [
        Row(
            group: "apiextensions.k8s.io/", kinds: ["CustomResourceDefinition"], reason: schema),
        Row(
            group: "apiextensions.crossplane.io/", kinds: ["CompositeResourceDefinition"],
            reason: schema),
        Row(files: [Glob("*.schema.yaml"), Glob("*.schema.yml")], reason: schema),
        Row(rootKeys: ["openapi", "swagger", "$schema"], isRootText: true, reason: schema),
        Row(fields: [Field("openapiv3schema", "**")], reason: schema),
        Row(
            fields: ["description", "summary", "help", "message"].flatMap {
                [Field($0), Field($0, "[*")]
            }, isText: true,
            reason: "a description uses no image"),
    ]

    private static let metadata = [
        Row(
            fields: [
                Field("labels", "*"), Field("matchlabels", "*"), Field("commonlabels", "*"),
                Field("podlabels", "*"), Field("externallabels", "*"), Field("nodeselector", "*"),
            ], isText: true,
            reason: "a label cannot contain a digest"),
        Row(
            fields: [
                "org.opencontainers.image.*", "image.openshift.io/*", "kubectl.kubernetes.io/*",
                "argocd-image-updater.argoproj.io/*", "keel.sh/*", "alm-examples",
            ].map { Field("annotations", $0, "**") },
            reason: "the annotation describes an image and pulls none"),
        Row(
            rootKeys: ["apiVersion"],
            fields: [Field(root: "status", "**"), Field(root: "items", "*", "status", "**")],
            reason: "the status of a resource is written by its controller"),
    ]

    private static let otherTools =
        [
            "kubeadm.k8s.io/", "controlplane.cluster.x-k8s.io/", "bootstrap.cluster.x-k8s.io/",
        ].map {
            Row(
                group: $0, fields: [Field("imagerepository")],
                reason: "kubeadm adds the name of the image to this repository")
        } + [
            Row(
                group: "aquasecurity.github.io/", reason: "the resource is a report about the image"
            ),
            Row(
                group: "argocd-image-updater.argoproj.io/",
                reason: "Argo CD Image Updater lists the tags of this repository"),
            Row(
                rootKeys: ["sources", "conditions"],
                fields: ["sources", "conditions"].flatMap {
                    [Field(root: $0, "*", "spec"), Field(root: $0, "*", "spec", "image")]
                },
                reason: "updatecli lists the tags of this repository"),
            Row(
                fields: [Field("steps", "[*", "with"), Field("jobs", "*", "with")],
                reason: "the inputs of an action are not parts of an image"),
            Row(
                rootKeys: ["resources", "resource_types", "jobs", "image_resource"],
                fields: [
                    Field(root: "resources", "[*", "source"),
                    Field(root: "resource_types", "[*", "source"),
                    Field("image_resource", "source"),
                ],
                reason: "Concourse looks for the tag in the registry: set 'version' to pin a digest"
            ),
            Row(
                fields: [Field("machine", "image"), Field("vmimage")], isText: true,
                reason: "the image is that of a virtual machine"),
            Row(
                group: "image.toolkit.fluxcd.io/", reason: "Flux lists the tags of this repository"),
            Row(
                group: "kbld.k14s.io/", pulled: "newImage", reason: "kbld finds images by this name"
            ),
            Row(group: "imgpkg.carvel.dev/", reason: "imgpkg has its own lock file"),
            Row(
                files: [Glob("buf.yaml"), Glob("buf.*.yaml"), Glob("buf.lock")],
                reason: "buf resolves modules of Protocol Buffers"),
            Row(
                group: "operator.openshift.io/", kinds: ["ImageContentSourcePolicy"],
                reason: "the resource maps repositories to mirrors"),
            Row(
                group: "config.openshift.io/",
                kinds: ["ImageDigestMirrorSet", "ImageTagMirrorSet", "ImageContentPolicy"],
                reason: "the resource maps repositories to mirrors"),
        ]
}
