// bench: repaired twin of LeadlightReports build: jackson-databind.jar jackson-core.jar jackson-annotations.jar
// Takes in the condition reports of stained glass windows that conservators send (XML), checks them against the
// schema of the diocese, sums up the panels, and answers with a summary and a priority (JSON).
// 0.23 ms of CPU for the check of a report; 100 reports a second.
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamSource;
import javax.xml.validation.Schema;
import javax.xml.validation.SchemaFactory;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;

public class LeadlightReports {
    static final ObjectMapper JSON = new ObjectMapper();

    /** A list of codes that the diocese keeps, as a type of the schema. */
    static String codes(String name, String stem, int number) {
        StringBuilder type = new StringBuilder("<xs:simpleType name='" + name + "'><xs:restriction base='xs:token'>");
        for (int i = 1; i <= number; i++) {
            type.append("<xs:enumeration value='").append(stem).append(i).append("'/>");
        }
        return type.append("</xs:restriction></xs:simpleType>").toString();
    }

    static final String SCHEMA = String.join("\n",
        "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'>",
        "<xs:simpleType name='century'><xs:restriction base='xs:integer'>",
        "<xs:minInclusive value='11'/><xs:maxInclusive value='21'/></xs:restriction></xs:simpleType>",
        "<xs:simpleType name='number'><xs:restriction base='xs:token'>",
        "<xs:pattern value='[nsewI]{1,2}[0-9]{1,3}[a-z]?'/></xs:restriction></xs:simpleType>",
        "<xs:simpleType name='paint'><xs:restriction base='xs:token'><xs:enumeration value='sound'/>",
        "<xs:enumeration value='flaking'/><xs:enumeration value='lost'/></xs:restriction></xs:simpleType>",
        "<xs:simpleType name='lead'><xs:restriction base='xs:token'><xs:enumeration value='sound'/>",
        "<xs:enumeration value='fatigued'/><xs:enumeration value='broken'/></xs:restriction></xs:simpleType>",
        codes("parish", "P", 1400),
        codes("studio", "S", 900),
        "<xs:complexType name='building'><xs:sequence><xs:element name='name' type='xs:string'/>",
        "<xs:element name='parish' type='parish'/></xs:sequence></xs:complexType>",
        "<xs:complexType name='window'><xs:sequence><xs:element name='maker' type='studio'/>",
        "<xs:element name='century' type='century'/></xs:sequence>",
        "<xs:attribute name='number' type='number' use='required'/></xs:complexType>",
        "<xs:complexType name='panel'><xs:sequence>",
        "<xs:element name='cracks' type='xs:nonNegativeInteger'/><xs:element name='bow' type='xs:decimal'/>",
        "<xs:element name='paint' type='paint'/><xs:element name='lead' type='lead'/>",
        "<xs:element name='remark' type='xs:string' minOccurs='0' maxOccurs='5'/></xs:sequence>",
        "<xs:attribute name='n' type='xs:nonNegativeInteger' use='required'/></xs:complexType>",
        "<xs:element name='report'><xs:complexType><xs:sequence>",
        "<xs:element name='building' type='building'/><xs:element name='window' type='window'/>",
        "<xs:element name='panels'><xs:complexType><xs:sequence>",
        "<xs:element name='panel' type='panel' maxOccurs='unbounded'/></xs:sequence></xs:complexType>",
        "<xs:unique name='panels'><xs:selector xpath='panel'/><xs:field xpath='@n'/></xs:unique></xs:element>",
        "</xs:sequence></xs:complexType></xs:element></xs:schema>");

    static final Schema CHECKED_BY;

    static {
        try {
            SchemaFactory schemas = SchemaFactory.newInstance(XMLConstants.W3C_XML_SCHEMA_NS_URI);
            CHECKED_BY = schemas.newSchema(new StreamSource(new StringReader(SCHEMA)));
        } catch (SAXException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    static final ThreadLocal<DocumentBuilder> PARSER = ThreadLocal.withInitial(() -> {
        try {
            return DocumentBuilderFactory.newInstance().newDocumentBuilder();
        } catch (ParserConfigurationException e) {
            throw new IllegalStateException(e);
        }
    });

    final Map<String, Integer> priorities = new ConcurrentHashMap<>();

    void check(Document report) throws SAXException, IOException {
        CHECKED_BY.newValidator().validate(new DOMSource(report));
    }

    static String text(Element parent, String name) {
        return parent.getElementsByTagName(name).item(0).getTextContent().trim();
    }

    ObjectNode summary(Document document) {
        Element report = document.getDocumentElement();
        ObjectNode summary = JSON.createObjectNode();
        summary.put("church", text(report, "name"));
        summary.put("window", ((Element) report.getElementsByTagName("window").item(0)).getAttribute("number"));
        summary.put("maker", text(report, "maker"));
        summary.put("century", Integer.parseInt(text(report, "century")));
        int cracks = 0;
        int bowed = 0;
        int paintLoss = 0;
        NodeList panels = report.getElementsByTagName("panel");
        for (int i = 0; i < panels.getLength(); i++) {
            Element panel = (Element) panels.item(i);
            cracks += Integer.parseInt(text(panel, "cracks"));
            bowed += Double.parseDouble(text(panel, "bow")) > 12 ? 1 : 0;
            paintLoss += text(panel, "paint").equals("flaking") ? 1 : 0;
        }
        return summary.put("cracks", cracks).put("bowed", bowed).put("paint_loss", paintLoss);
    }

    int priority(ObjectNode summary) {
        int priority = summary.path("cracks").asInt() + 5 * summary.path("bowed").asInt()
            + 3 * summary.path("paint_loss").asInt();
        return summary.path("century").asInt() < 16 ? 2 * priority : priority;
    }

    /** Reads a sample some times over, so that the first conservators do not wait for the compiler. */
    void warmUp() throws SAXException, IOException {
        StringBuilder panels = new StringBuilder();
        for (int i = 0; i < 40; i++) {
            panels.append("<panel n='").append(i).append("'><cracks>1</cracks><bow>2.5</bow><paint>sound</paint>")
                .append("<lead>fatigued</lead></panel>");
        }
        byte[] sample = ("<report><building><name>St Bega</name><parish>P1</parish></building><window number='e1'>"
            + "<maker>S1</maker><century>15</century></window><panels>" + panels + "</panels></report>")
            .getBytes(StandardCharsets.UTF_8);
        for (int round = 0; round < 1500; round++) {
            JSON.writeValueAsBytes(summary(PARSER.get().parse(new ByteArrayInputStream(sample))));
        }
        check(PARSER.get().parse(new ByteArrayInputStream(sample)));
    }

    void answer(HttpExchange exchange, int status, byte[] body) throws IOException {
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    void intake(HttpExchange exchange) throws IOException {
        byte[] body = exchange.getRequestBody().readAllBytes();
        try {
            Document report = PARSER.get().parse(new ByteArrayInputStream(body));
            check(report);
            ObjectNode summary = summary(report);
            int priority = priority(summary);
            summary.put("priority", priority);
            priorities.merge(summary.path("church").asText(), priority, Math::max);
            answer(exchange, 200, JSON.writeValueAsBytes(summary));
        } catch (SAXException e) {
            answer(exchange, 400, "{\"error\": \"unreadable\"}".getBytes(StandardCharsets.UTF_8));
        }
    }

    static final String CONSERVATORS = String.join("\n",
        "import http.client, os, random, sys, time",
        "sys.path.insert(0, os.path.dirname(os.environ['SERVICES']))",
        "from services import outside",
        "def panel(number):",
        "    return (f'<panel n=\"{number}\"><cracks>{random.randint(0, 3)}</cracks><bow>{random.randint(0, 20)}</bow>'",
        "            f'<paint>{random.choice([\"sound\", \"flaking\", \"lost\"])}</paint>'",
        "            f'<lead>{random.choice([\"sound\", \"sound\", \"fatigued\"])}</lead></panel>')",
        "def report():",
        "    return (f'<report><building><name>St {random.choice([\"Anne\", \"Giles\", \"Hilda\", \"Cedd\"])}</name><parish>P{random.randint(1, 1400)}</parish></building>'",
        "            f'<window number=\"n{random.randint(1, 30)}\"><maker>S{random.randint(1, 900)}</maker><century>{random.randint(13, 19)}</century>'",
        "            f'</window><panels>{\"\".join(map(panel, range(16)))}</panels></report>').encode()",
        "def conservators():",
        "    connection = http.client.HTTPConnection('127.0.0.1', int(sys.argv[1]))",
        "    due = time.monotonic()",
        "    while True:",
        "        connection.request('POST', '/reports', report(), {'Content-Type': 'application/xml'})",
        "        answer = connection.getresponse()",
        "        assert answer.status == 200, answer.read()",
        "        answer.read()",
        "        due = max(due + 0.01, time.monotonic() - 1)",
        "        time.sleep(max(0, due - time.monotonic()))",
        "outside(conservators)");

    public static void main(String[] arguments) throws Exception {
        LeadlightReports desk = new LeadlightReports();
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 64);
        desk.warmUp();
        server.setExecutor(Executors.newFixedThreadPool(2));
        server.createContext("/reports", desk::intake);
        server.start();
        ProcessBuilder conservators = new ProcessBuilder(
            System.getenv("PYTHON"), "-c", CONSERVATORS, String.valueOf(server.getAddress().getPort()));
        conservators.redirectOutput(ProcessBuilder.Redirect.DISCARD).redirectError(ProcessBuilder.Redirect.INHERIT);
        if (conservators.start().waitFor() != 0) {
            throw new IllegalStateException("no conservators");
        }
        Thread.sleep(3000);
        System.out.println("ready");
        System.out.flush();
    }
}
