// Calls a function of the shared library the way a pipeline does, with the steps it uses bound to real ones:
// `sh` runs a shell, files are files. Started in the repository. Arguments: the repository, the workspace, the function, a JSON file with
// its arguments, the file for its result.

import com.lesfurets.jenkins.unit.BasePipelineTest
import groovy.json.JsonOutput
import groovy.json.JsonSlurperClassic

class Pipeline extends BasePipelineTest {
    File repository
    File workspace
    Map<String, String> environment = [:]

    Map call(String function, Map args) {
        setUp()
        helper.registerAllowedMethod('error', [String]) { String message -> throw new IllegalStateException(message) }
        helper.registerAllowedMethod('pwd', [Map]) { Map map -> workspace.path + (map.tmp ? '@tmp' : '') }
        helper.registerAllowedMethod('libraryResource', [String]) { String path ->
            new File(repository, 'resources/' + path).getText('UTF-8')
        }
        helper.registerAllowedMethod('writeFile', [Map]) { Map map ->
            File file = new File(map.file)
            file.parentFile.mkdirs()
            file.setText(map.text, 'UTF-8')
        }
        helper.registerAllowedMethod('readFile', [Map]) { Map map -> new File(map.file).getText('UTF-8') }
        File current = workspace
        helper.registerAllowedMethod('dir', [String, Closure]) { String path, Closure body ->
            current = new File(path)
            body()
            current = workspace
        }
        helper.registerAllowedMethod('deleteDir', []) { current.deleteDir() }
        helper.registerAllowedMethod('withEnv', [List, Closure]) { List variables, Closure body ->
            for (String variable : variables) {
                int at = variable.indexOf('=')
                environment[variable.substring(0, at)] = variable.substring(at + 1)
            }
            body()
        }
        helper.registerAllowedMethod('sh', [Map]) { Map map -> shell(map) }
        Script lockstep = loadScript('vars/lockstep.groovy')
        binding.setVariable('lockstep', lockstep)
        Script script = function == 'lockstep' ? lockstep : loadScript('vars/' + function + '.groovy')
        return script.call(args)
    }

    // As Jenkins starts a script: by the program that its first line names, or else by a shell that traces and ends at
    // the first error. Its standard output and error are the log.
    int shell(Map map) {
        File script = File.createTempFile('script', '.sh')
        script.setText(map.script, 'UTF-8')
        script.executable = true
        List command = map.script.startsWith('#!') ? [script.path] : ['/bin/sh', '-xe', script.path]
        ProcessBuilder builder = new ProcessBuilder(command)
        builder.directory(workspace)
        builder.environment().putAll(environment)
        builder.redirectError(ProcessBuilder.Redirect.INHERIT)
        builder.redirectOutput(ProcessBuilder.Redirect.INHERIT)
        return builder.start().waitFor()
    }
}

Pipeline pipeline = new Pipeline(repository: new File(args[0]), workspace: new File(args[1]))
Map arguments = new JsonSlurperClassic().parse(new File(args[3]))
Map result = pipeline.call(args[2], arguments)
new File(args[4]).setText(JsonOutput.toJson(result), 'UTF-8')
