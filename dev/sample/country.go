package sample

// country is where customers live, with names that are common there.
type country struct {
	name, locale string
	weight       int
	cities       []city
	first, last  []string
}

type city struct {
	name, region, zip, zone string
	latitude, longitude     float64
}

var countries = []country{
	{name: "United States", locale: "en-US", weight: 30, cities: []city{
		{"New York", "New York", "10003", "America/New_York", 40.73, -73.99}, {"Boston", "Massachusetts", "02116", "America/New_York", 42.35, -71.07},
		{"Chicago", "Illinois", "60614", "America/Chicago", 41.92, -87.65}, {"Austin", "Texas", "78704", "America/Chicago", 30.24, -97.77},
		{"Denver", "Colorado", "80205", "America/Denver", 39.76, -104.96}, {"Phoenix", "Arizona", "85004", "America/Phoenix", 33.45, -112.07},
		{"Seattle", "Washington", "98103", "America/Los_Angeles", 47.67, -122.34}, {"San Francisco", "California", "94110", "America/Los_Angeles", 37.75, -122.42},
		{"Honolulu", "Hawaii", "96815", "Pacific/Honolulu", 21.28, -157.83},
	}, first: []string{"Emma", "Liam", "Olivia", "Noah", "Ava", "Ethan", "Sophia", "Mason", "Grace", "Logan", "Chloe", "Jackson", "Zoe", "Caleb", "Maya", "Owen"},
		last: []string{"Miller", "Johnson", "Garcia", "Davis", "Nguyen", "Wilson", "Anderson", "Brooks", "Carter", "Reed", "Hayes", "Bennett", "Foster", "Kim", "Ortiz", "Walker"}},
	{name: "Germany", locale: "de-DE", weight: 13, cities: []city{
		{"Berlin", "Berlin", "10435", "Europe/Berlin", 52.54, 13.41}, {"Hamburg", "Hamburg", "20357", "Europe/Berlin", 53.56, 9.96}, {"München", "Bayern", "80799", "Europe/Berlin", 48.15, 11.58},
	}, first: []string{"Anna", "Lukas", "Lena", "Jonas", "Marie", "Felix", "Johanna", "Jürgen", "Sophie", "Maximilian", "Käthe", "Tobias"},
		last: []string{"Müller", "Schmidt", "Weber", "Becker", "Hoffmann", "Schäfer", "Koch", "Richter", "Krüger", "Vogel", "Groß", "Lange"}},
	{name: "United Kingdom", locale: "en-GB", weight: 11, cities: []city{
		{"London", "England", "E8 3PH", "Europe/London", 51.54, -0.06}, {"Edinburgh", "Scotland", "EH3 6QG", "Europe/London", 55.96, -3.20}, {"Bristol", "England", "BS6 5BJ", "Europe/London", 51.47, -2.59},
	}, first: []string{"Amelia", "Oliver", "Isla", "Harry", "Freya", "Alfie", "Poppy", "Callum", "Imogen", "Rhys", "Priya", "Duncan"},
		last: []string{"Smith", "Jones", "Taylor", "Evans", "Thomas", "Clarke", "Hughes", "Campbell", "Patel", "Murray", "O'Connor", "Wright"}},
	{name: "France", locale: "fr-FR", weight: 8, cities: []city{
		{"Paris", "Île-de-France", "75011", "Europe/Paris", 48.86, 2.38}, {"Lyon", "Auvergne-Rhône-Alpes", "69004", "Europe/Paris", 45.78, 4.83},
	}, first: []string{"Camille", "Hugo", "Léa", "Louis", "Chloé", "Gabriel", "Inès", "Jules", "Zoé", "Théo"},
		last: []string{"Martin", "Bernard", "Dubois", "Laurent", "Lefèvre", "Moreau", "Girard", "François", "Fontaine", "Chevalier"}},
	{name: "Sweden", locale: "sv-SE", weight: 6, cities: []city{
		{"Stockholm", "Stockholm", "118 26", "Europe/Stockholm", 59.31, 18.06}, {"Göteborg", "Västra Götaland", "413 01", "Europe/Stockholm", 57.70, 11.95},
	}, first: []string{"Alice", "William", "Maja", "Oskar", "Astrid", "Axel", "Ebba", "Åke", "Linnéa", "Björn"},
		last: []string{"Andersson", "Johansson", "Karlsson", "Nilsson", "Lindqvist", "Bergström", "Sjöberg", "Lundgren", "Holm", "Åberg"}},
	{name: "Spain", locale: "es-ES", weight: 6, cities: []city{
		{"Madrid", "Madrid", "28004", "Europe/Madrid", 40.42, -3.70}, {"Sevilla", "Andalucía", "41003", "Europe/Madrid", 37.39, -5.99}, {"Las Palmas", "Canarias", "35001", "Atlantic/Canary", 28.10, -15.41},
	}, first: []string{"Lucía", "Mateo", "Carmen", "Pablo", "Elena", "Álvaro", "Marta", "Diego", "Begoña", "Iñigo"},
		last: []string{"García", "Fernández", "López", "Martínez", "Sánchez", "Romero", "Núñez", "Iglesias", "Vega", "Castro"}},
	{name: "Canada", locale: "en-CA", weight: 6, cities: []city{
		{"Toronto", "Ontario", "M6J 1J5", "America/Toronto", 43.65, -79.42}, {"Vancouver", "British Columbia", "V5T 3J7", "America/Vancouver", 49.26, -123.10}, {"St. John's", "Newfoundland", "A1C 1B5", "America/St_Johns", 47.56, -52.71},
	}, first: []string{"Charlotte", "Nathan", "Hannah", "Émile", "Abigail", "Samuel", "Florence", "Connor", "Madison", "Raphaël"},
		last: []string{"Tremblay", "Roy", "MacDonald", "Wong", "Singh", "Fraser", "Bouchard", "Gagnon", "Stewart", "Chen"}},
	{name: "Japan", locale: "ja-JP", weight: 6, cities: []city{
		{"Tokyo", "Tokyo", "150-0001", "Asia/Tokyo", 35.67, 139.71}, {"Osaka", "Osaka", "530-0001", "Asia/Tokyo", 34.70, 135.50},
	}, first: []string{"Yuki", "Haruto", "Sakura", "Ren", "Aoi", "Kenji", "Hina", "Sota", "Mei", "Daiki"},
		last: []string{"Sato", "Suzuki", "Takahashi", "Tanaka", "Watanabe", "Ito", "Yamamoto", "Nakamura", "Kobayashi", "Mori"}},
	{name: "Australia", locale: "en-AU", weight: 5, cities: []city{
		{"Sydney", "New South Wales", "2010", "Australia/Sydney", -33.88, 151.22}, {"Adelaide", "South Australia", "5000", "Australia/Adelaide", -34.93, 138.60}, {"Perth", "Western Australia", "6000", "Australia/Perth", -31.95, 115.86},
	}, first: []string{"Ruby", "Jack", "Matilda", "Cooper", "Evie", "Lachlan", "Sienna", "Angus", "Willow", "Hamish"},
		last: []string{"Williams", "Brown", "White", "Thompson", "Kelly", "Ryan", "Mitchell", "Harris", "Fitzgerald", "Dawson"}},
	{name: "Brazil", locale: "pt-BR", weight: 4, cities: []city{
		{"São Paulo", "São Paulo", "01414-001", "America/Sao_Paulo", -23.56, -46.66}, {"Recife", "Pernambuco", "50030-230", "America/Recife", -8.06, -34.87},
	}, first: []string{"Beatriz", "Lucas", "Júlia", "Gustavo", "Larissa", "João", "Camila", "Rafael", "Luíza", "Thiago"},
		last: []string{"Silva", "Santos", "Oliveira", "Pereira", "Costa", "Almeida", "Araújo", "Conceição", "Barbosa", "Rocha"}},
	{name: "India", locale: "en-IN", weight: 4, cities: []city{
		{"Bengaluru", "Karnataka", "560038", "Asia/Kolkata", 12.98, 77.64}, {"Mumbai", "Maharashtra", "400050", "Asia/Kolkata", 19.06, 72.83},
	}, first: []string{"Aarav", "Diya", "Vihaan", "Ananya", "Arjun", "Meera", "Kabir", "Isha", "Rohan", "Kavya"},
		last: []string{"Sharma", "Iyer", "Mehta", "Nair", "Gupta", "Reddy", "Kulkarni", "Bose", "Joshi", "Menon"}},
	{name: "New Zealand", locale: "en-NZ", weight: 1, cities: []city{
		{"Wellington", "Wellington", "6011", "Pacific/Auckland", -41.29, 174.78},
	}, first: []string{"Aroha", "Tane", "Georgia", "Finn", "Mia"},
		last: []string{"Walker", "Ngata", "Morrison", "Scott", "Harrison"}},
}
