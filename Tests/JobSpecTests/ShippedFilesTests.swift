import Foundation
import MayflyCore
import Testing

@testable import JobSpec

@Suite struct ShippedFilesTests {
    @Test(arguments: SpecTemplate.allCases)
    func templatesParse(_ template: SpecTemplate) throws {
        let spec = try parse(template.text)
        #expect(spec.warnings.isEmpty)
        #expect(template.text.hasSuffix("\n") && !template.text.contains("\t"))
    }

    @Test func jobsParseAndNameTheSchema() throws {
        let folder = repository.appendingPathComponent("jobs")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".yaml") }
        #expect(names.count >= 5)
        for name in names {
            let text = try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
            #expect(text.hasPrefix("# yaml-language-server: $schema=../docs/job-spec.schema.json\n"), "\(name)")
            let spec = try SpecParser.parse(text: text, file: name, directory: folder.path)
            #expect(spec.warnings.isEmpty, "\(name)")
            #expect(spec.definition.name + ".yaml" == name)
        }
    }

    @Test func theCommittedSchemaIsThePrintedOne() throws {
        let file = repository.appendingPathComponent("docs/job-spec.schema.json")
        #expect(try String(contentsOf: file, encoding: .utf8) == SpecSchema.json)
    }

    @Test func theSchemaKnowsExactlyTheKeysOfTheParser() throws {
        let object = try JSONSerialization.jsonObject(with: Data(SpecSchema.json.utf8))
        let schema = try #require(object as? [String: Any])
        func keys(_ path: String...) throws -> [String] {
            var node = schema
            for step in path { node = try #require(node[step] as? [String: Any], "\(step)") }
            return try #require(node["properties"] as? [String: Any]).keys.sorted()
        }
        #expect(try keys() == SpecFields.top.sorted())
        #expect(try keys("properties", "timeouts") == SpecFields.timeouts.sorted())
        #expect(try keys("properties", "ssh") == SpecFields.ssh.sorted())
        #expect(try keys("properties", "instance") == SpecFields.instance.sorted())
        let required = try #require(schema["required"] as? [String])
        #expect(required == ["type", "command"])
    }

    @Test func theReferenceNamesEveryField() throws {
        let file = repository.appendingPathComponent("docs/job-spec.md")
        let text = try String(contentsOf: file, encoding: .utf8)
        let all = SpecFields.top + SpecFields.timeouts + SpecFields.ssh + SpecFields.instance + SpecFields.snapshot
        for key in all { #expect(text.contains("`\(key)`"), "\(key)") }
    }
}
